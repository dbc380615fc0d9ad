import type { NodeRequest, NodeResponse } from "../node-http.ts";

/**
 * `Expect: 100-continue`: send the 100 when, and only when, the handler starts to read the body.
 *
 * A handler that refuses on the headers alone therefore never invites the body it does not want.
 */
export function continueWhenRead(request: NodeRequest, response: NodeResponse): void {
  const onListener = (event: string | symbol): void => {
    if (event !== "data" && event !== "readable") return;
    request.off("newListener", onListener);
    if (!response.headersSent) response.writeContinue();
  };
  request.on("newListener", onListener);
}
