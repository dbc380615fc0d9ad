/** HTTP/2 requests that are answered before their body is read, and that end all the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  type RawHttp2,
  settings,
  uint32,
} from "../support/raw-http2.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";

const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";
const INITIAL_WINDOW_SIZE = 4;
const NO_ERROR = 0;
const CHUNK = Buffer.alloc(10_000, "[");
const LIMITS = { MAX_REQUEST_SIZE: "5000" };

/** How each door is asked, and the first bytes of a body that it refuses without reading on. */
const DOORS: Readonly<Record<string, { readonly path: string; readonly begin: Buffer }>> = {
  "application/json; REST": { path: "/metrics", begin: CHUNK },
  "application/json": { path: SUBMIT, begin: CHUNK },
  "application/proto": { path: SUBMIT, begin: Buffer.alloc(10_000, 0xff) },
  "application/grpc+proto": { path: SUBMIT, begin: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]) },
  "application/grpc+json": { path: SUBMIT, begin: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]) },
  "application/grpc-web+proto": { path: SUBMIT, begin: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]) },
};

/** Time without the listener's sweep over its connections, which comes once a second. */
const withoutSweeps: Clock = {
  ...systemClock,
  after: (delayMs, job) => (delayMs < 1000 ? systemClock.after(delayMs, job) : () => undefined),
};

interface Ending {
  readonly end: Buffer;
  readonly clock: Clock;
}

/** How a client can end a body that was refused before it was whole. */
const ENDINGS: Readonly<Record<string, Ending>> = {
  "sends the rest": { end: frame(FRAME.data, END_STREAM, 1), clock: withoutSweeps },
  // Only the sweep finds out.
  "resets the stream without an error": {
    end: frame(FRAME.rstStream, 0, 1, uint32(NO_ERROR)),
    clock: systemClock,
  },
};

function open(type: string, path: string, more: Record<string, string> = {}): Buffer {
  const headers = { "x-api-key": WRITER_KEY, "content-type": type, te: "trailers", ...more };
  return frame(FRAME.headers, END_HEADERS, 1, headerBlock("POST", path, headers));
}

function isAnswer({ type, streamId }: { type: number; streamId: number }): boolean {
  return type === FRAME.headers && streamId === 1;
}

/** A client that lets nothing of an answer through but its headers. */
function connectWithoutWindow(port: number): RawHttp2 {
  return connectRawHttp2(port, Buffer.concat([PREFACE, settings(INITIAL_WINDOW_SIZE, 0)]));
}

for (const [type, { path, begin }] of Object.entries(DOORS)) {
  for (const [ending, { end, clock }] of Object.entries(ENDINGS)) {
    test(`a stop does not wait for a rejected request whose client ${ending}: ${type}`, async () => {
      const service = await startTestService(LIMITS, clock);
      const peer = connectWithoutWindow(service.service.port);
      peer.send(open(type, path), frame(FRAME.data, 0, 1, begin));
      await peer.until(isAnswer);
      peer.send(frame(FRAME.data, 0, 1, CHUNK), frame(FRAME.data, 0, 1, CHUNK), end);
      peer.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
      await peer.until((found) => found.type === FRAME.ping);
      peer.send(settings(INITIAL_WINDOW_SIZE, 65_535));
      assert.equal(await service.service.close(), { aborted: 0, failed: [] });
      await service.close();
    });
  }
}

test.run();
