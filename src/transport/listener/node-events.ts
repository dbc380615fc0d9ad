/** Events of node's servers that the listener handles itself, in the place of node's own handlers. */
import type { EventEmitter } from "node:events";
import type { Server } from "node:http";
import type { Http2Server } from "node:http2";
import type { NodeRequest, NodeResponse } from "../http/exchange.ts";
import type { Dispatch } from "./dispatch.ts";

/** Take off the listeners of `event`, node's own, and return what calls them as the event would have. */
export function takeOver(emitter: EventEmitter, event: string): (...args: unknown[]) => void {
  const listeners = emitter.listeners(event);
  emitter.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) listener.apply(emitter, args);
  };
}

/**
 * Let requests with an `Expect` header through to `dispatch`, whatever it says.
 *
 * Only 100-continue means anything (RFC 9110, 10.1.1), and other words may be ignored. node would answer
 * those 417 by itself: uncounted, and on HTTP/2 with a stream that nobody reads and nobody closes.
 */
export function takeExpectations(server: Server | Http2Server, dispatch: Dispatch): void {
  server.on("checkContinue", (request: NodeRequest, response: NodeResponse) => {
    continueWhenRead(request, response);
    dispatch(request, response);
  });
  server.on("checkExpectation", dispatch);
}

/**
 * `Expect: 100-continue`: send the 100 when, and only when, the handler starts to read the body.
 *
 * A handler that refuses on the headers alone therefore never invites the body it does not want.
 */
function continueWhenRead(request: NodeRequest, response: NodeResponse): void {
  const onListener = (event: string | symbol): void => {
    if (event !== "data" && event !== "readable") return;
    request.off("newListener", onListener);
    if (!response.headersSent) response.writeContinue();
  };
  request.on("newListener", onListener);
}
