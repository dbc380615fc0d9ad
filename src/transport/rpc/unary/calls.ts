/**
 * Calls with one message each way, without Connect: most of what such a call costs there is streams and headers of
 * the web for one message that is there already.
 *
 * Only the good case is served here. What is odd about a call, and what fails, is Connect's to answer, so that there
 * is one place where errors are written: it gets the same bytes, knows who was admitted, and says how it ended.
 *
 *   headers ──► admitted? ──► body ──► message ──► run ──► answer
 *      │odd          │no        │odd       │odd      │failed
 *      └─────────────┴──────────┴──────────┴─────────┴──────────► Connect
 */
import type { Call } from "../../../access/call.ts";
import { ServiceError } from "../../../errors.ts";
import type { Clock } from "../../../lib/clock.ts";
import { ClientGoneError, collectBody, decompress } from "../../http/body.ts";
import type { Exchange } from "../../http/exchange.ts";
import { SCAN_FROM_BYTES } from "../../http/json-guard.ts";
import { readInTurn } from "../../http/parse-json.ts";
import { type AdmitCall, ENVELOPE_HEAD_BYTES } from "../admit-call.ts";
import { unaryDeadlineMs } from "../deadline.ts";
import type { UnaryMethod } from "./methods.ts";
import {
  codingOf,
  createEnvelopeCheck,
  messageIn,
  messageTooLarge,
  sendMessage,
  type UnaryWire,
  unaryWireOf,
} from "./wire.ts";

/** What calls are served with. */
export interface UnaryCallOptions {
  /** The RPCs that are served here, by path. */
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  readonly admitCall: AdmitCall;
  /** Largest message, in bytes. */
  readonly bodyBytesMax: number;
  /** Times the callers' deadlines. */
  readonly clock: Clock;
}

/**
 * Serves a call; whether it was answered. One that was not is to be handed to Connect, with its exchange.
 *
 * @throws {ClientGoneError} once there is nobody to answer.
 */
export type AnswerUnary = (exchange: Exchange) => Promise<boolean>;

/** What a call is served as. */
interface Served {
  readonly method: UnaryMethod;
  readonly wire: UnaryWire;
}

export function createUnaryCalls({ methods, admitCall, bodyBytesMax, clock }: UnaryCallOptions): AnswerUnary {
  return async (exchange) => {
    const method = methods.get(exchange.path);
    const wire = method === undefined ? undefined : unaryWireOf(exchange.request);
    if (method === undefined || wire === undefined) return false;
    const deadlineMs = unaryDeadlineMs(exchange.request.headers, wire.protocol === "connect");
    // What has no time at all is over before Connect begins with it.
    if (deadlineMs === undefined || deadlineMs === 0) return false;
    try {
      const admitted = admitCall(exchange, method.rule);
      exchange.admitted = admitted;
      if (!("call" in admitted)) return false;
      const answer = await within(deadlineMs, clock, run(exchange, admitted.call, { method, wire }));
      if (answer === undefined) return false;
      sendMessage(exchange, wire, answer);
      return true;
    } catch (error) {
      if (error instanceof ClientGoneError) throw error;
      if (error instanceof ServiceError) exchange.failure = error;
      exchange.ended = { error };
      return false;
    }
  };

  /** The answer; undefined where the body is not what the method takes. */
  async function run(exchange: Exchange, call: Call, { method, wire }: Served): Promise<Buffer | undefined> {
    const body = await readBody(exchange, wire);
    exchange.body = body;
    const message = await plainMessage(exchange, wire, body);
    const prepared = message && (await prepare(method, wire, message));
    // The deadline has passed meanwhile, and the caller was told to try again.
    if (exchange.ended !== undefined) return undefined;
    return prepared?.(call, exchange);
  }

  async function readBody(exchange: Exchange, wire: UnaryWire): Promise<Buffer> {
    const check = createEnvelopeCheck(wire, bodyBytesMax);
    try {
      return await collectBody(exchange, bodyBytesMax + ENVELOPE_HEAD_BYTES, check);
    } catch (error) {
      const isTooLarge = error instanceof ServiceError && error.reason === "body_too_large";
      throw isTooLarge ? messageTooLarge(bodyBytesMax) : error;
    }
  }

  /** Undefined where the body is not one message of a size that is taken. */
  async function plainMessage(
    exchange: Exchange,
    wire: UnaryWire,
    body: Buffer,
  ): Promise<Buffer | undefined> {
    const sent = messageIn(wire, body, codingOf(exchange.request, wire));
    if (sent === undefined || sent.bytes.length > bodyBytesMax) return undefined;
    const { bytes, coding } = sent;
    if (coding === "identity") return bytes;
    const message = await decompress(bytes, coding, bodyBytesMax).catch(() => undefined);
    exchange.place?.add(message?.length ?? 0);
    return message;
  }

  async function prepare(method: UnaryMethod, wire: UnaryWire, message: Buffer) {
    try {
      return await readInTurn(message, () => method.prepare(message, wire.form));
    } catch (error) {
      // Connect would hold the event loop for all of it.
      if (error instanceof ServiceError && message.length > SCAN_FROM_BYTES) throw error;
      return undefined;
    }
  }
}

/** Wait so long. What was submitted is stored all the same, or not, as for a caller who leaves. */
async function within<Result>(ms: number, clock: Clock, work: Promise<Result>): Promise<Result> {
  if (ms === Number.POSITIVE_INFINITY) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () =>
    reject(new ServiceError("deadline_exceeded", "the deadline has passed")),
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    cancel();
  }
}
