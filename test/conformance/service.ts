/**
 * The service the suite calls: every call says what to answer, and is told in the answer what of it
 * arrived. Like our own services it throws errors that are complete.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type {
  ConformanceRequest,
  ConformanceResponse,
  ConformanceSchema,
  Header,
  RequestInfo,
  RpcError,
  StreamDefinition,
  UnaryDefinition,
} from "./messages.ts";

type UnaryRequest = Message & ConformanceRequest<UnaryDefinition>;
type StreamRequest = Message & ConformanceRequest<StreamDefinition>;

/** Every method but `Unimplemented`. */
export function conformanceRoutes(schema: ConformanceSchema): (router: ConnectRouter) => void {
  const { types, service } = schema;
  const pack = (message: Message) => anyPack(descOf(schema, message), message);
  const infoOf = (context: HandlerContext, requests: readonly Message[]): RequestInfo => {
    const timeoutMs = context.timeoutMs();
    return {
      requestHeaders: toHeaders(context.requestHeader),
      ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.round(timeoutMs)) }),
      ...(context.requestMethod === "GET" ? { connectGetInfo: { queryParams: queryOf(context) } } : {}),
      requests: requests.map(pack),
    };
  };

  async function answerOne(
    definition: UnaryDefinition | undefined,
    context: HandlerContext,
    requests: readonly Message[],
  ): Promise<ConformanceResponse> {
    announce(definition, context);
    const requestInfo = infoOf(context, requests);
    await sleep(definition?.responseDelayMs ?? 0);
    const response = definition?.response ?? { case: undefined };
    if (response.case === "error") throw toError(response.value, requestInfo);
    return { payload: { requestInfo, ...(response.case === undefined ? {} : { data: response.value }) } };
  }

  const unary = (request: UnaryRequest, context: HandlerContext) =>
    answerOne(request.responseDefinition, context, [request]);

  async function clientStream(requests: AsyncIterable<UnaryRequest>, context: HandlerContext) {
    const received: UnaryRequest[] = [];
    for await (const request of requests) received.push(request);
    return answerOne(received[0]?.responseDefinition, context, received);
  }

  async function* bidiStream(requests: AsyncIterable<StreamRequest>, context: HandlerContext) {
    let definition: StreamDefinition | undefined;
    let isFullDuplex = false;
    let sent = 0;
    let received: StreamRequest[] = [];
    // The answers that are left when a definition has fewer are never asked for.
    const next = async (data: Uint8Array): Promise<ConformanceResponse> => {
      const isInformed = sent === 0 || isFullDuplex;
      const info = sent === 0 ? infoOf(context, received) : { requests: received.map(pack) };
      sent += 1;
      if (isFullDuplex) received = [];
      await sleep(definition?.responseDelayMs ?? 0);
      return { payload: { data, ...(isInformed ? { requestInfo: info } : {}) } };
    };
    for await (const request of requests) {
      if (definition === undefined) {
        definition = request.responseDefinition;
        isFullDuplex = request.fullDuplex ?? false;
        announce(definition, context);
      }
      received.push(request);
      if (!isFullDuplex) continue;
      const data = definition?.responseData[sent];
      if (data === undefined) break;
      yield await next(data);
    }
    for (const data of definition?.responseData.slice(sent) ?? []) yield await next(data);
    if (definition?.error !== undefined) {
      throw toError(definition.error, sent === 0 ? infoOf(context, received) : undefined);
    }
  }

  function toError({ code, message, details }: RpcError, info: RequestInfo | undefined): ConnectError {
    const infoSchema = schema.message("ConformancePayload.RequestInfo");
    const outgoing = details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
    const error = new ConnectError(message ?? "", code, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "conformance" } },
    ]);
    error.details.push(...outgoing);
    if (info !== undefined)
      error.details.push({ desc: infoSchema, value: info as unknown as MessageInitShape<DescMessage> });
    return error;
  }

  const implementation = {
    unary,
    idempotentUnary: unary,
    clientStream,
    serverStream: (request: StreamRequest, context: HandlerContext) => bidiStream(once(request), context),
    bidiStream,
  };
  return (router) =>
    void router.service(service, implementation as unknown as Partial<ServiceImpl<typeof service>>, {
      // Without the types, requests could not be repeated in JSON.
      jsonOptions: { registry: types },
    });
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}

function descOf({ types }: ConformanceSchema, message: Message): DescMessage {
  const desc = types.getMessage(message.$typeName);
  if (desc === undefined) throw new Error(`unknown message ${message.$typeName}`);
  return desc;
}

/** Say which headers and trailers the answer has, also that which is an error. */
function announce(definition: UnaryDefinition | StreamDefinition | undefined, context: HandlerContext): void {
  for (const { name, value } of definition?.responseHeaders ?? []) {
    for (const item of value) context.responseHeader.append(name, item);
  }
  for (const { name, value } of definition?.responseTrailers ?? []) {
    for (const item of value) context.responseTrailer.append(name, item);
  }
}

function toHeaders(headers: Iterable<readonly [string, string]>): Header[] {
  return Array.from(headers, ([name, value]) => ({ name, value: value.split(/, */) }));
}

function queryOf({ url }: HandlerContext): Header[] {
  return toHeaders(new URL(url).searchParams);
}
