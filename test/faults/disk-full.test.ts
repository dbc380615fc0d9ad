import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../cli/run-cli.ts";
import { unlessMissing } from "../support/needs.ts";
import { createServices } from "../support/service-process.ts";
import { until } from "../support/wait.ts";
import { begin, flush, get, submissionOf, submit, valuesIn } from "./requests.ts";
import { missingForTmpfs, mountTmpfs } from "./tools.ts";

const guarantee = unlessMissing(test, missingForTmpfs());

const { start, killAll } = createServices();
const mounts: { unmount(): void }[] = [];
test.after.each(async () => {
  await killAll();
  for (const mount of mounts.splice(0)) mount.unmount();
});

/** A small disk with a service on it. */
async function startOnSmallDisk(env: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const mount = mountTmpfs(folder, "8m");
  if (mount !== undefined) mounts.push(mount);
  const databasePath = join(folder, "metrics.db");
  const service = await start(databasePath, env);
  const filler = join(folder, "filler");
  return {
    service,
    databasePath,
    fill: () => fillDisk(filler),
    free: () => rmSync(filler, { force: true }),
  };
}

function fillDisk(path: string): void {
  const file = openSync(path, "a");
  try {
    for (const bytes of [65_536, 4096, 1]) writeUntilFull(file, Buffer.alloc(bytes));
  } finally {
    closeSync(file);
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  for (;;) {
    try {
      if (writeSync(file, chunk) === 0) return;
    } catch {
      return;
    }
  }
}

guarantee(
  "a full disk is 503 with Retry-After; the service lives, recovers by itself and loses nothing",
  async () => {
    const { service, databasePath, fill, free } = await startOnSmallDisk();
    const { port } = service;
    const stored: number[] = [];
    let next = 0;
    /** Submit until the answer is of this kind; every other answer must be the other kind. */
    const submitUntil = async (wanted: number, other: number, limitMs: number) => {
      let last = await submit(port, [next]);
      await until(
        `an answer ${wanted}`,
        async () => {
          if (last.status === 200) stored.push(next);
          if (last.status === wanted) return true;
          assert.is(last.status, other);
          next += 1;
          last = await submit(port, [next]);
          return false;
        },
        limitMs,
      );
      next += 1;
      return last;
    };
    await submitUntil(200, 503, 10_000);
    for (let round = 0; round < 3; round += 1) {
      fill();
      const refused = await submitUntil(503, 200, 10_000);
      assert.is(refused.body.error, "storage_unavailable");
      assert.ok(Number(refused.headers["retry-after"]) >= 1);
      await assertAliveAndNotReady(service);
      free();
      await submitUntil(200, 503, 10_000);
      await until("ready again", async () => (await get(port, "/health/ready")).status === 200);
    }
    assert.equal(valuesIn(databasePath), stored);
    assert.is((await service.stop("SIGTERM")).code, 0);
    assert.equal(valuesIn(databasePath), stored);
  },
);

async function assertAliveAndNotReady({
  port,
  prometheusPort,
  isRunning,
}: Awaited<ReturnType<typeof start>>) {
  assert.is((await get(port, "/health")).status, 200);
  assert.is((await get(prometheusPort, "/metrics")).status, 200);
  await until("not ready", async () => (await get(port, "/health/ready")).status === 503);
  const sent = begin(port, "POST", "/mcp.metrics.v1.MetricsService/Submit");
  sent.request.end(submissionOf([-1]));
  const { status, body } = await sent.answer;
  assert.equal([status, body.code], [503, "unavailable"]);
  const details = (body.details ?? []) as readonly { readonly type: string }[];
  assert.ok(details.some(({ type }) => type === "google.rpc.RetryInfo"));
  assert.is(isRunning(), true);
}

guarantee(
  "health over gRPC is NOT_SERVING while the disk is full, and SERVING again without being asked",
  async () => {
    const { service, fill, free } = await startOnSmallDisk();
    const status = async () => {
      const sent = begin(service.port, "POST", "/grpc.health.v1.Health/Check");
      sent.request.end("{}");
      return (await sent.answer).body.status;
    };
    assert.is(await status(), "SERVING");
    fill();
    await until("a full disk", async () => (await submit(service.port, [1])).status === 503);
    assert.is(await status(), "NOT_SERVING");
    free();
    await until("recovery", async () => (await status()) === "SERVING");
  },
);

guarantee("what succeeds without writing does not make a full disk ready again", async () => {
  const adminKey = "admin-key-for-the-tests-0123456789";
  const { service, fill } = await startOnSmallDisk({ METRICS_ADMIN_API_KEY: adminKey });
  const { port } = service;
  fill();
  await until("a full disk", async () => (await submit(port, [1])).status === 503);
  // As jobs do all the time that find nothing to do.
  const read = begin(port, "GET", "/admin/retention/policies", { "x-api-key": adminKey });
  read.request.end();
  assert.is((await read.answer).status, 200);
  const health = begin(port, "POST", "/grpc.health.v1.Health/Check");
  health.request.end("{}");
  assert.is((await health.answer).body.status, "NOT_SERVING");
});

guarantee(
  "metrics that were buffered when the disk was full are stored when there is room again",
  async () => {
    const { service, databasePath, fill, free } = await startOnSmallDisk({
      METRICS_ACK: "buffered",
      FLUSH_INTERVAL_SECONDS: "1",
    });
    fill();
    let next = 0;
    // Until one flush has failed: what was taken before may have found room.
    await until("a full disk", async () => {
      assert.is((await submit(service.port, [next])).status, 200);
      next += 1;
      return (await flush(service.port)).status === 503;
    });
    free();
    await until("everything stored", () => valuesIn(databasePath).length === next);
    assert.equal(valuesIn(databasePath), [...Array(next).keys()]);
    assert.is((await service.stop("SIGTERM")).code, 0);
  },
);

guarantee(
  "a service that ends with buffered metrics it cannot store says how many, and exits with 1",
  async () => {
    const { service, fill } = await startOnSmallDisk({
      METRICS_ACK: "buffered",
      FLUSH_INTERVAL_SECONDS: "60",
    });
    fill();
    const values = Array.from({ length: 5 }, (_, index) => index);
    let lost = 0;
    await until("a full disk", async () => {
      assert.is((await submit(service.port, values)).status, 200);
      lost += values.length;
      const isFull = (await flush(service.port)).status === 503;
      if (!isFull) lost = 0;
      return isFull;
    });
    assert.is((await service.stop("SIGTERM")).code, 1);
    const lines = service.log
      .filter((line) => line.includes("could not be stored"))
      .map((line) => JSON.parse(line));
    assert.is(
      lines.reduce((sum, { metrics }) => sum + (metrics ?? 0), 0),
      lost,
    );
  },
);

test.run();
