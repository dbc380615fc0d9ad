/**
 * The program the suite tests: our listener, router and RPC handlers with the suite's service behind
 * them. It reads from standard input which port to open, and says on standard output where it is.
 *
 * Its argument is the file of descriptors.
 */
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { createRequestNumbers } from "../../src/access/call.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { openListener } from "../../src/transport/listener/listener.ts";
import { sendAnswer } from "../../src/transport/rest/answer.ts";
import type { RestAnswer } from "../../src/transport/rest/route.ts";
import { createRouter } from "../../src/transport/router.ts";
import { followFailures } from "../../src/transport/rpc/auth-interceptor.ts";
import { completeErrors } from "../../src/transport/rpc/failures.ts";
import { createRpcHandlers } from "../../src/transport/rpc/rpc-handler.ts";
import { createUnknownRpc } from "../../src/transport/rpc/unknown-rpc.ts";
import { readSchema, type ServerCompatRequest } from "./messages.ts";
import { conformanceRoutes } from "./service.ts";

const HOST = "127.0.0.1";
const LENGTH_BYTES = 4;
const UNLIMITED_BYTES = 10_000_000;

const schema = readSchema(process.argv[2] ?? "");
const asked = await readRequest();
const { useTls, serverCreds } = asked;
const bodyBytesMax = asked.messageReceiveLimit || UNLIMITED_BYTES;
const ruleOf = () => ({ roles: [], costsToken: true });
const listener = await openListener({
  host: HOST,
  port: 0,
  tls:
    useTls && serverCreds
      ? { cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key) }
      : undefined,
  onRequest: createRouter({
    rest: {},
    // There are no routes: what is answered as one is a request to an RPC that is no call of it.
    handleRest: async (route, exchange) =>
      sendAnswer(exchange, (await route.answer({} as never, {} as never)) as RestAnswer),
    ruleOf,
    answerUnary: async () => false,
    rpc: createRpcHandlers({
      routes: [conformanceRoutes(schema)],
      ruleOf,
      authenticate,
      bodyBytesMax,
    }),
    unknownRpc: createUnknownRpc(authenticate),
    cors: undefined,
    nextRequest: createRequestNumbers(systemClock.wallMs, 0),
    monotonicMs: systemClock.monotonicMs,
    onAnswered: [],
    onUnexpected: (_, error) => report(error),
  }),
  onError: report,
  clock: systemClock,
});
process.once("SIGTERM", () => process.exit(0));
const pemCert = useTls ? serverCreds?.cert : undefined;
const told = { host: HOST, port: listener.port, ...(pemCert ? { pemCert } : {}) };
process.stdout.write(framed("ServerCompatResponse", told));

/**
 * Errors leave as they do in the service, without the one detail each of them has there: the suite
 * counts details, and takes one it did not ask for as wrong.
 */
function authenticate(context: HandlerContext): void {
  // Runs after what follows it.
  completeErrors(context, ({ details }) => {
    const kept = details.filter((detail) => !("desc" in detail && detail.desc === ErrorInfoSchema));
    details.splice(0, details.length, ...kept);
  });
  followFailures(context, (_, error) => {
    // The suite asks for errors that are internal.
    if (!(error instanceof ConnectError)) report(error);
  });
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
}

async function readRequest(): Promise<ServerCompatRequest> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < LENGTH_BYTES) continue;
    const end = LENGTH_BYTES + bytes.readUInt32BE(0);
    if (bytes.length < end) continue;
    const message = fromBinary(schema.message("ServerCompatRequest"), bytes.subarray(LENGTH_BYTES, end));
    return message as unknown as ServerCompatRequest;
  }
  throw new Error("standard input ended before the request was complete");
}

function framed(name: string, init: Readonly<Record<string, unknown>>): Uint8Array {
  const desc = schema.message(name);
  const message = toBinary(desc, create(desc, init as MessageInitShape<DescMessage>));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}
