import type { HandlerContext } from "@connectrpc/connect";
import { createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { ServiceError } from "../../errors.ts";
import { headerOf, type NodeRequest } from "../http/exchange.ts";

/** A handler for a call to an RPC that is not served; undefined for a request that is no call of one. */
export type FindUnknownRpc = (request: NodeRequest) => UniversalHandler | undefined;

/**
 * Reject calls to unknown RPCs in the protocol they are made in, before anything of a body is read.
 * Clients take a REST answer for one of a proxy, and lose what it says.
 */
export function createUnknownRpc(authenticate: (context: HandlerContext) => void): FindUnknownRpc {
  const router = createConnectRouter({
    requestGate(context) {
      authenticate(context);
      throw new ServiceError("unimplemented", "unknown RPC");
    },
  });
  // Which RPCs does not matter: they are never run. But Connect frames unary calls and streams differently.
  router.service(Health, {});
  const handlerOf = (name: string) => router.handlers.find(({ method }) => method.name === name);
  const unary = handlerOf(Health.method.check.name);
  const stream = handlerOf(Health.method.watch.name);
  return (request) => {
    const contentType = headerOf(request, "content-type") ?? "";
    if (/^application\/connect\+/i.test(contentType)) return stream;
    const isRpc = /^application\/(grpc|proto\b)/i.test(contentType);
    return isRpc || headerOf(request, "connect-protocol-version") !== undefined ? unary : undefined;
  };
}
