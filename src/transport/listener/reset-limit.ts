import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Clock } from "../../lib/clock.ts";
import type { ListenerLimits } from "./listener-limits.ts";

/**
 * Destroy `session` when too many of its streams end in a reset, whichever side sends it.
 *
 * Opening and cancelling streams costs a peer nothing and the server a request each, and a cancelled
 * stream does not count against the number of concurrent ones. nghttp2 limits resets as well, but
 * only after some 1400, and it leaves the socket open.
 */
export function limitResets(session: ServerHttp2Session, clock: Clock, limits: ListenerLimits): void {
  let windowStartMs = clock.monotonicMs();
  let resets = 0;
  const count = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - windowStartMs > limits.streamResetsWindowMs) {
      windowStartMs = nowMs;
      resets = 0;
    }
    resets += 1;
    if (resets <= limits.streamResetsMax || session.destroyed) return;
    session.destroy(new Error("too many stream resets"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    const onClose = (): void => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) count();
    };
    // Reset in the packet that opened it: the stream is closed before it is announced.
    if (stream.closed || stream.destroyed) onClose();
    else stream.once("close", onClose);
  });
}
