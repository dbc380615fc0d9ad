import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import type { OtlpOptions } from "../../src/telemetry/otlp/push.ts";
import { measure, open, recordLog } from "./open-telemetry.ts";
import { openReceiver, PASS, type Receiver } from "./otlp-receiver.ts";
import { only } from "./scrape.ts";

function otlp(baseUrl: string, options: Partial<OtlpOptions> = {}): OtlpOptions {
  // Exports come from forceFlush only: an hour between those of the timer.
  const defaults = { headers: {}, compression: "none", timeoutMs: 5_000, temporality: "cumulative" } as const;
  return { url: `${baseUrl}/v1/metrics`, intervalMs: 3_600_000, ...defaults, ...options };
}

function received({ points }: Receiver, name: string): number[] {
  return points.filter((point) => point.name === name).map(({ value }) => value);
}

for (const compression of ["none", "gzip"] as const) {
  test(`a receiver gets the totals that a scrape shows (compression ${compression})`, async () => {
    const receiver = await openReceiver();
    const headers = { "x-tenant": "t1" };
    const telemetry = open({ otlp: otlp(receiver.url, { compression, headers }) });
    telemetry.recorder.record("s", [measure({ durationMs: 5 }), measure({ value: 3, durationMs: 400 })]);
    await telemetry.forceFlush();
    telemetry.recorder.record("s", [measure({ durationMs: 5 })]);
    await telemetry.forceFlush();
    const samples = await telemetry.scrape();
    assert.is(received(receiver, "mcp_auth_requests_total").at(-1), only(samples, "mcp_auth_requests_total"));
    assert.is(received(receiver, "mcp_auth_request_duration_seconds").at(-1), 3);
    assert.is(received(receiver, "metrics_processed_total").at(-1), 3);
    assert.is(received(receiver, "ingest_queue_metrics").at(-1), 0);
    const [request] = receiver.requests;
    assert.is(request?.path, "/v1/metrics");
    assert.is(request?.headers["content-type"], "application/x-protobuf");
    assert.is(request?.headers["x-tenant"], "t1");
    await telemetry.shutdown();
    await receiver.close();
  });
}

test("deltas add up to the total, with a failed export in between", async () => {
  let isDown = false;
  const receiver = await openReceiver((_request, response) =>
    isDown ? response.writeHead(400).end() : PASS,
  );
  const telemetry = open({ otlp: otlp(receiver.url, { temporality: "delta" }) });
  for (let round = 1; round <= 3; round++) {
    telemetry.recorder.record("s", [measure({ value: round })]);
    isDown = round === 2;
    await telemetry.forceFlush();
  }
  assert.equal(received(receiver, "mcp_auth_requests_total"), [1, 5]);
  await telemetry.shutdown();
  assert.equal(received(receiver, "mcp_auth_requests_total"), [1, 5], "what did not move is not sent");
  await receiver.close();
});

test("the timer exports without being asked", async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const receiver = await openReceiver((_request, response) => response.end(() => arrived()));
  const telemetry = open({ otlp: otlp(receiver.url, { intervalMs: 20 }) });
  telemetry.recorder.record("s", [measure()]);
  // The interval alone keeps no process alive.
  const stayAlive = setInterval(() => {}, 1_000);
  await arrival;
  clearInterval(stayAlive);
  await telemetry.shutdown();
  await receiver.close();
});

test("a receiver that is busy is asked again, no sooner than it wishes", async () => {
  let calls = 0;
  const receiver = await openReceiver((_request, response) => {
    calls += 1;
    if (calls === 1) response.writeHead(429, { "retry-after": "1" }).end();
    else response.end();
  });
  const telemetry = open({ otlp: otlp(receiver.url) });
  const beganMs = systemClock.monotonicMs();
  const stayAlive = setInterval(() => {}, 1_000);
  await telemetry.forceFlush();
  clearInterval(stayAlive);
  assert.is(calls, 2);
  assert.ok(systemClock.monotonicMs() - beganMs >= 990);
  await telemetry.shutdown();
  await receiver.close();
});

/** The statuses that OTLP lets a sender try again ("Retryable Response Codes"); after any other one it must not. */
const RETRYABLE = [429, 502, 503, 504];
const FINAL = [300, 304, 307, 400, 401, 403, 404, 408, 413, 415, 425, 431, 500, 501, 505, 507, 511, 599];

for (const status of [...RETRYABLE, ...FINAL]) {
  const isRetried = RETRYABLE.includes(status);
  test(`an export that is answered with ${status} is ${isRetried ? "tried again" : "given up"}`, async () => {
    let calls = 0;
    const receiver = await openReceiver((_request, response) => {
      calls += 1;
      if (calls === 1) response.writeHead(status, { "retry-after": "0" }).end();
      else response.end();
    });
    const telemetry = open({ otlp: otlp(receiver.url) });
    await telemetry.forceFlush();
    assert.is(calls, isRetried ? 2 : 1);
    const result = isRetried ? "success" : "failure";
    assert.is(only(await telemetry.scrape(), "otlp_exports_total", { result }), 1);
    await telemetry.shutdown();
    await receiver.close();
  });
}

const BROKEN: readonly { name: string; answer: Parameters<typeof openReceiver>[0]; reason: RegExp }[] = [
  {
    name: "redirects",
    answer: (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    reason: /HTTP status 302/,
  },
  {
    name: "refuses",
    answer: (_request, response) => response.writeHead(400).end("no"),
    reason: /HTTP status 400/,
  },
  { name: "hangs up", answer: (request) => request.socket.destroy(), reason: /.+/ },
  { name: "never answers", answer: () => {}, reason: /timed out/ },
];

for (const { name, answer, reason } of BROKEN) {
  test(`an endpoint that ${name} costs a counted, logged failure and nothing else`, async () => {
    const receiver = await openReceiver(answer);
    const { logger, lines } = recordLog();
    const telemetry = open({ logger, otlp: otlp(receiver.url, { timeoutMs: 200 }) });
    telemetry.recorder.record("s", [measure()]);
    const stayAlive = setInterval(() => {}, 1_000);
    await telemetry.forceFlush();
    await telemetry.forceFlush();
    clearInterval(stayAlive);
    const samples = await telemetry.scrape();
    assert.is(only(samples, "otlp_exports_total", { result: "failure" }), 2);
    assert.is(only(samples, "mcp_auth_requests_total"), 1);
    assert.is(lines.length, 1, "once a minute");
    assert.match(lines[0] ?? "", reason);
    await telemetry.shutdown();
    await receiver.close();
  });
}

test("a header that HTTP cannot carry fails the export without showing its value", async () => {
  const { logger, lines } = recordLog();
  const headers = { authorization: "secret\nvalue" };
  const telemetry = open({ logger, otlp: otlp("http://127.0.0.1:1", { headers }) });
  await telemetry.forceFlush();
  assert.match(lines.join(), "header is not valid");
  assert.not.match(lines.join(), "secret");
  await telemetry.shutdown();
});

test("an answer that trickles or never ends is not waited for", async () => {
  const receiver = await openReceiver((_request, response) => {
    response.writeHead(200);
    response.write("x");
  });
  const telemetry = open({ otlp: otlp(receiver.url) });
  await telemetry.forceFlush();
  assert.is(only(await telemetry.scrape(), "otlp_exports_total", { result: "success" }), 1);
  await telemetry.shutdown();
  await receiver.close();
});

for (const { name, answer } of [
  { name: "is dead", answer: undefined },
  { name: "never answers", answer: () => {} },
]) {
  test(`an endpoint that ${name} holds up the end by little more than a second`, async () => {
    const receiver = await openReceiver(answer);
    if (answer === undefined) await receiver.close();
    const telemetry = open({ otlp: otlp(receiver.url, { timeoutMs: 60_000 }) });
    telemetry.recorder.record("s", [measure()]);
    const flushed = telemetry.forceFlush();
    const beganMs = systemClock.monotonicMs();
    await telemetry.shutdown();
    await flushed;
    assert.ok(systemClock.monotonicMs() - beganMs < 2_000);
    await receiver.close();
  });
}

test("without an endpoint there is nothing to flush and nothing to end", async () => {
  const telemetry = open();
  await telemetry.forceFlush();
  await telemetry.shutdown();
});

test.run();
