import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { classifyFailure } from "../../src/client/classify-failure.ts";
import type { MetricsClient } from "../../src/client/index.ts";
import { TestClock } from "../support/time.ts";
import { eventually } from "../support/wait.ts";
import {
  closeAll,
  openClient,
  openProxy,
  type RestartableService,
  startService,
} from "./client-and-service.ts";

test.after.each(closeAll);

function emit(client: MetricsClient, from: number, to: number): void {
  for (let index = from; index < to; index += 1) client.emitCustom({ name: "n", value: index });
}

/** Let time pass until every metric has its outcome; slowly, for calls are real and have a deadline. */
async function drain(client: MetricsClient, clock: TestClock): Promise<void> {
  await eventually(() => {
    clock.advance(100);
    return client.counts.waiting === 0;
  });
}

/** Asserts that each of these values is stored once. */
function assertStoredOnce(service: RestartableService, from: number, to: number): void {
  const values = service.rows().map((row) => Number(row.value));
  const expected = Array.from({ length: to - from }, (_, index) => from + index);
  assert.equal(
    values.sort((a, b) => a - b),
    expected,
  );
}

for (const transport of ["connect", "grpc"] as const) {
  test(`a restart of the service loses nothing and stores nothing twice, over ${transport}`, async () => {
    const service = await startService();
    const clock = new TestClock(Date.now());
    const { client } = openClient({ url: service.url, transport, clock, batchMetrics: 10 });
    emit(client, 0, 100);
    clock.advance(0);
    await eventually(() => client.counts.accepted > 0);
    const stopped = service.stop();
    emit(client, 100, 200);
    clock.advance(1000);
    await stopped;
    emit(client, 200, 300);
    clock.advance(1000);
    await eventually(() => client.counts.retries > 0);
    await service.start();
    await drain(client, clock);
    assert.is(client.counts.accepted, 300);
    assertStoredOnce(service, 0, 300);
  });

  test(`an outage of 30 s loses nothing that the buffer holds, over ${transport}`, async () => {
    const service = await startService();
    const clock = new TestClock(Date.now());
    const { client, problems } = openClient({ url: service.url, transport, clock, bufferMetrics: 3000 });
    await service.stop();
    for (let second = 0; second < 30; second += 1) {
      emit(client, second * 100, (second + 1) * 100);
      clock.advance(1000);
    }
    await eventually(() => client.counts.retries > 0);
    assert.equal(client.counts.waiting, 3000);
    await service.start();
    await drain(client, clock);
    assert.is(client.counts.accepted, 3000);
    assertStoredOnce(service, 0, 3000);
    assert.equal(
      problems.filter(({ kind }) => kind !== "retrying"),
      [],
    );
  });

  test(`metrics whose answer was lost are stored once, over ${transport}`, async () => {
    const service = await startService();
    const proxy = await openProxy(service.port);
    const clock = new TestClock(Date.now());
    const { client } = openClient({ url: proxy.url, transport, clock, batchMetrics: 10 });
    emit(client, 0, 10);
    await client.flush();
    for (let round = 1; round <= 3; round += 1) {
      proxy.swallow();
      emit(client, round * 10, round * 10 + 10);
      clock.advance(0);
      // Stored, and nobody told the client.
      await eventually(() => service.rows().length === (round + 1) * 10);
      assert.is(client.counts.waiting, 10);
      proxy.heal();
      await eventually(() => client.counts.retries === round);
      await drain(client, clock);
    }
    assert.is(client.counts.accepted, 40);
    assertStoredOnce(service, 0, 40);
  });
}

test("an answer that does not come in time is asked for again", async () => {
  const service = await startService();
  const proxy = await openProxy(service.port);
  const clock = new TestClock(Date.now());
  const { client, problems } = openClient({ url: proxy.url, clock, batchMetrics: 1, timeoutMs: 5000 });
  proxy.swallow();
  emit(client, 0, 1);
  clock.advance(0);
  await eventually(() => service.rows().length === 1);
  clock.advance(5000);
  await eventually(() => client.counts.retries === 1);
  assert.is(problems[0]?.reason, "timeout");
  proxy.heal();
  await drain(client, clock);
  assertStoredOnce(service, 0, 1);
});

test("beyond its buffer the client drops the oldest, counts them and reports them", async () => {
  const service = await startService();
  await service.stop();
  const clock = new TestClock(Date.now());
  const { client, problems } = openClient({ url: service.url, clock, bufferMetrics: 500 });
  emit(client, 0, 1200);
  assert.equal(client.counts, {
    emitted: 1200,
    accepted: 0,
    rejected: 0,
    dropped: 700,
    waiting: 500,
    retries: 0,
  });
  clock.advance(1000);
  assert.equal(
    problems.map(({ kind, reason, metrics }) => [kind, reason, metrics]),
    [["dropped", "buffer_full", 700]],
  );
  await service.start();
  await drain(client, clock);
  assert.is(client.counts.accepted, 500);
  assertStoredOnce(service, 700, 1200);
});

test("with all it holds under way, what is emitted is dropped, and every metric is counted once", async () => {
  const answers: (() => void)[] = [];
  const transport = createRouterTransport(({ rpc }) => {
    rpc(MetricsService.method.submit, async ({ metrics }) => {
      await new Promise<void>((resolve) => void answers.push(resolve));
      return { accepted: metrics.length };
    });
  });
  const clock = new TestClock();
  const { client } = openClient({
    transport,
    clock,
    batchMetrics: 2,
    bufferMetrics: 8,
    timeoutMs: 3_600_000,
  });
  const balance = () => {
    const { emitted, accepted, rejected, dropped, waiting } = client.counts;
    assert.is(emitted, accepted + rejected + dropped + waiting);
    return [accepted, dropped, waiting];
  };
  emit(client, 0, 8);
  clock.advance(0);
  await eventually(() => answers.length === 4);
  assert.equal(balance(), [0, 0, 8]);
  for (let index = 8; index < 11; index += 1) {
    emit(client, index, index + 1);
    assert.equal(balance(), [0, index - 7, 8]);
  }
  answers[0]?.();
  await eventually(() => client.counts.accepted === 2);
  assert.equal(balance(), [2, 3, 6]);
  emit(client, 11, 14);
  assert.equal(balance(), [2, 4, 8], "the one that waits makes room, not those under way");
  for (const answer of answers.slice(1)) answer();
  await eventually(() => client.counts.accepted === 8);
  const flushed = client.flush();
  await eventually(() => answers.length === 5);
  answers[4]?.();
  assert.is(await flushed, true);
  assert.equal(balance(), [10, 4, 0]);
});

/** What stands between the client and the service may answer in its stead, and knows no reasons. */
const PROXY_ANSWERS = [
  ...[400, 403, 404, 500, 501].map((status) => ({ status, isRetried: false })),
  ...[429, 502, 503, 504].map((status) => ({ status, isRetried: true })),
];

for (const { status, isRetried } of PROXY_ANSWERS) {
  test(`a proxy's ${status} is ${isRetried ? "asked again" : "a rejection, and counted once"}`, async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(status, { "content-type": "text/html" }).end("<h1>proxy</h1>");
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const clock = new TestClock();
    const { client, problems } = openClient({ url: `http://127.0.0.1:${port}`, clock });
    emit(client, 0, 3);
    clock.advance(1000);
    await eventually(() => client.counts.rejected + client.counts.retries > 0);
    assert.equal(
      [client.counts.rejected, client.counts.retries, client.counts.waiting],
      isRetried ? [0, 1, 3] : [3, 0, 0],
    );
    assert.is(problems[0]?.kind, isRetried ? "retrying" : "rejected");
    for (let second = 0; second < 60 && !isRetried; second += 1) clock.advance(1000);
    await eventually(() => {
      if (isRetried) clock.advance(100);
      return requests === (isRetried ? 2 : 1);
    });
    server.close();
  });
}

for (const code of [Code.Internal, Code.Unknown]) {
  for (const { name, cause, isRetried } of [
    { name: "without a reason", cause: undefined, isRetried: false },
    { name: "that a broken connection was the cause of", cause: new Error("ECONNRESET"), isRetried: true },
  ]) {
    test(`${Code[code]} ${name} is ${isRetried ? "asked again" : "a rejection"}`, () => {
      const error = new ConnectError("failed", code, undefined, undefined, cause);
      const failure = classifyFailure(error, 0);
      assert.equal(
        [failure.isRetryable, failure.reason],
        [isRetried, isRetried ? "unreachable" : Code[code].toLowerCase()],
      );
    });
  }
}

test("a batch that could be stored twice by now is given up instead", async () => {
  const service = await startService();
  const proxy = await openProxy(service.port);
  const clock = new TestClock(Date.now());
  const { client, problems } = openClient({ url: proxy.url, clock, batchMetrics: 1 });
  proxy.swallow();
  emit(client, 0, 1);
  clock.advance(0);
  await eventually(() => service.rows().length === 1);
  clock.jumpWall(23 * 3_600_000);
  clock.advance(10_000);
  await eventually(() => client.counts.dropped === 1);
  clock.advance(1000);
  assert.is(problems.at(-1)?.reason, "expired");
});

test("a call that succeeds ends the pause of another that failed beside it", async () => {
  const answers: (() => void)[] = [];
  const transport = createRouterTransport(({ rpc }) => {
    rpc(MetricsService.method.submit, async ({ metrics: [metric] }) => {
      await new Promise<void>((resolve) => void answers.push(resolve));
      if (metric?.value !== 0) return { accepted: 1 };
      throw new ConnectError("busy", Code.ResourceExhausted, { "retry-after": "3000" });
    });
  });
  const clock = new TestClock();
  const hours = { flushIntervalMs: 3_600_000, timeoutMs: 3_600_000 };
  const { client } = openClient({ transport, clock, batchMetrics: 1, ...hours });
  emit(client, 0, 2);
  clock.advance(0);
  await eventually(() => answers.length === 2);
  answers[0]?.();
  await eventually(() => client.counts.retries === 1);
  answers[1]?.();
  // The batch that failed goes at once, and what is emitted now does too.
  await eventually(() => answers.length === 3);
  emit(client, 2, 3);
  clock.advance(0);
  await eventually(() => answers.length === 4);
});

test.run();
