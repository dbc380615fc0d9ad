/** Peers that are cut off: told of once at once, then once a minute, with the right sum and no full address. */
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/lib/clock.ts";
import { type Closings, gatherClosings } from "../../../src/transport/listener/closings.ts";
import type { ListenerLimits } from "../../../src/transport/listener/listener-limits.ts";
import { connectRaw, openTestListener } from "../../support/open-test-listener.ts";
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
} from "../../support/raw-http2.ts";
import { TestClock } from "../../support/time.ts";
import { until } from "../../support/wait.ts";

interface Attack {
  readonly why: Closings["why"];
  readonly limits?: Partial<ListenerLimits>;
  /** Does it until the listener has had enough. */
  readonly against: (port: number) => unknown;
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEADERS = (id: number) => frame(FRAME.headers, END_HEADERS | END_STREAM, id, headerBlock("GET", "/"));

const ATTACKS: readonly Attack[] = [
  {
    why: "too many stream resets",
    limits: { streamResetsMax: 10 },
    against(port) {
      const peer = connectRawHttp2(port);
      const code = Buffer.alloc(4, 8);
      for (let id = 1; id < 100; id += 2) peer.send(HEADERS(id), frame(FRAME.rstStream, 0, id, code));
    },
  },
  {
    why: "too many requests at once",
    limits: { requestsInFlightMax: 10 },
    against: (port) => connectRaw(port, GET.repeat(100)),
  },
  {
    why: "a broken or flooded HTTP/2 session",
    against: (port) => connectRawHttp2(port).send(frame(FRAME.headers, END_HEADERS, 2, Buffer.from("bad"))),
  },
  {
    why: "too many connections",
    limits: { connectionsMax: 1 },
    async against(port) {
      const busy = connectRaw(
        port,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
      );
      await busy.until(/100 Continue/);
      await connectRaw(port).closed;
    },
  },
  {
    why: "a request that did not come in time",
    limits: { sniffTimeoutMs: 40 },
    against: (port) => connect(port, "127.0.0.1").on("error", () => undefined),
  },
  {
    why: "a request that did not come in time",
    limits: { headersTimeoutMs: 40, requestTimeoutMs: 40 },
    against: (port) => connectRaw(port, "GET / HTTP/1.1\r\nHost: a\r\n"),
  },
  {
    why: "an answer that was not taken",
    limits: { writeTimeoutMs: 40 },
    against: (port) => connectRaw(port, GET).socket.pause(),
  },
];

for (const { why, limits = {}, against } of ATTACKS) {
  test(`${why} (${Object.keys(limits).join(", ")}) is told of, with the network it came from`, async () => {
    const told: Closings[] = [];
    const listener = await openTestListener({
      clock: systemClock,
      limits,
      onClosings: (closings) => void told.push(closings),
      ...(why === "an answer that was not taken" && {
        onRequest: (_request, response) => void response.end(Buffer.alloc(50_000_000)),
      }),
      ...(why === "too many requests at once" && { onRequest: () => undefined }),
    });
    await against(listener.port);
    await until("the report", () => told.length > 0);
    assert.equal(told[0], { why, times: 1, network: "127.0.0.0/16" });
    await listener.close(0);
  });
}

test("a flood of one kind is two lines a minute, whose sum is right; another kind has its own", () => {
  const clock = new TestClock();
  const told: Closings[] = [];
  const report = gatherClosings(clock, (closings) => void told.push(closings));
  for (let index = 0; index < 1000; index += 1) report("too many stream resets", `192.0.2.${index % 250}`);
  report("too many connections", "2001:db8:1:2::3");
  assert.equal(
    told.map(({ why, times, network }) => [why, times, network]),
    [
      ["too many stream resets", 1, "192.0.0.0/16"],
      ["too many connections", 1, "2001:db8::/32"],
    ],
  );
  clock.advance(60_000);
  assert.equal(told.slice(2), [{ why: "too many stream resets", times: 999, network: "192.0.0.0/16" }]);
  report("too many stream resets", "192.0.2.1");
  assert.is(told.length, 3, "the next minute has begun");
  clock.advance(60_000);
  assert.is(told.length, 4);
  clock.advance(60_000);
  report("too many connections", "2001:db8:1:2::3");
  assert.equal([told.length, told.at(-1)?.times], [5, 1]);
});

test.run();
