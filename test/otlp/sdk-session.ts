/** An application with the OpenTelemetry SDK, and the service it exports to, which comes and goes. */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Attributes } from "@opentelemetry/api";
import { OTLPMetricExporter as GrpcExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import * as assert from "uvu/assert";
import { type ServiceProcess, startService } from "../../bench/service-process.ts";
import { openReader } from "../../src/storage/database.ts";
import { verifyRollups } from "../../src/storage/rollups/verify.ts";
import { SECONDS_BOUNDARIES } from "../../src/telemetry/boundaries.ts";
import { temporaryPath } from "../storage/support.ts";
import { parseExposition, type Sample } from "../support/exposition.ts";

const KEY = "sdk-key-0123456789abcdef";
/** Enough for several attempts, with the pauses between them. */
const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 20_000;

export const EXPORTERS = {
  "OTLP/HTTP, protobuf": (url: string) =>
    new ProtobufExporter({ url: `${url}/v1/metrics`, timeoutMillis: TIMEOUT_MS }),
  "OTLP/HTTP, JSON": (url: string) =>
    new JsonExporter({ url: `${url}/v1/metrics`, timeoutMillis: TIMEOUT_MS }),
  "OTLP/gRPC": (url: string) => new GrpcExporter({ url, timeoutMillis: TIMEOUT_MS }),
} as const;

export type Session = Awaited<ReturnType<typeof openSession>>;

export async function openSession(exporterName: keyof typeof EXPORTERS) {
  const databasePath = temporaryPath();
  const port = await freePort();
  process.env.OTEL_EXPORTER_OTLP_HEADERS = `x-api-key=${KEY}`;
  const exporter = EXPORTERS[exporterName](`http://127.0.0.1:${port}`);
  const isDelivered = watch(exporter);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 86_400_000 });
  const resource = resourceFromAttributes({ "service.name": "sdk", "service.instance.id": "1" });
  const sizes = {
    instrumentName: "response.size",
    aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
  };
  const provider = new MeterProvider({
    resource: defaultResource().merge(resource),
    readers: [reader],
    views: [sizes as never],
  });
  const meter = provider.getMeter("session");
  const jobs = meter.createCounter("jobs.done");
  const active = meter.createUpDownCounter("sessions.active");
  const durations = meter.createHistogram("mcp.server.operation.duration", {
    unit: "s",
    advice: { explicitBucketBoundaries: [...SECONDS_BOUNDARIES] },
  });
  const responses = meter.createHistogram("response.size", { unit: "By" });
  const done = { calls: [] as { seconds: number; isSuccess: boolean }[], jobs: 0, sizes: [] as number[] };
  const scrapes: Sample[] = [];
  let service: ServiceProcess = await start();

  function start(): Promise<ServiceProcess> {
    const env = { METRICS_SERVICE_PORT: String(port) };
    return startService({ databasePath, keys: { sdk: KEY }, env });
  }

  /** What the service has counted in this life. */
  async function scrape(): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${service.prometheusPort}/metrics`);
    scrapes.push(...parseExposition(await answer.text()));
  }

  /** Over all lives. */
  function scraped(name: string, labels: Readonly<Record<string, string>>): number {
    const found = scrapes.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return total(found.map(({ value }) => value));
  }

  function assertStored(): void {
    const database = openReader(databasePath);
    const first = (sql: string, ...values: readonly unknown[]) =>
      database.first(sql, ...(values as string[]));
    const custom = `SELECT sum(value) AS value, sum(count) AS count FROM metrics
      WHERE service = 'sdk' AND metric_type = 'custom' AND dimensions ->> '$.metric_name' = ?`;
    assert.is(first(custom, "jobs.done")?.value, done.jobs);
    const sizesStored = first(custom, "response.size");
    assert.equal([sizesStored?.count, sizesStored?.value], [done.sizes.length, total(done.sizes)]);
    for (const isSuccess of [true, false]) {
      const seconds = secondsOf(isSuccess);
      const row = first(
        `SELECT sum(value) AS value, sum(m.count) AS count, sum(sum_duration_ms) AS ms
         FROM metrics AS m JOIN tool_metrics AS t ON t.id = m.id WHERE t.success = ?`,
        isSuccess,
      );
      assert.equal(
        [row?.value, row?.count, row?.ms],
        [seconds.length, seconds.length, total(seconds) * 1000],
      );
    }
    database.close();
  }

  const secondsOf = (isSuccess: boolean) =>
    done.calls.filter((call) => call.isSuccess === isSuccess).map(({ seconds }) => seconds);

  function assertScraped(): void {
    assert.is(scraped("mcp_custom_metrics_total", { metric_name: "jobs.done" }), done.jobs);
    for (const isSuccess of [true, false]) {
      const labels = {
        service: "sdk",
        success: String(isSuccess),
        tool_name: "search",
        method: "tools/call",
      };
      const seconds = secondsOf(isSuccess);
      assert.is(scraped("mcp_tool_executions_total", labels), seconds.length);
      assert.is(scraped("mcp_tool_execution_duration_seconds_count", labels), seconds.length);
      assert.is(scraped("mcp_tool_execution_duration_seconds_sum", labels), total(seconds));
      for (const bound of SECONDS_BOUNDARIES) {
        const bucket = { ...labels, le: String(bound) };
        const wanted = seconds.filter((each) => each <= bound).length;
        assert.is(scraped("mcp_tool_execution_duration_seconds_bucket", bucket), wanted, `le ${bound}`);
      }
    }
  }

  async function assertRolledUp(): Promise<void> {
    const headers = { "x-api-key": KEY };
    await fetch(`http://127.0.0.1:${port}/flush`, { method: "POST", headers });
    const database = openReader(databasePath);
    const row = database.first(
      `SELECT sum(count) AS count, sum(sum_value) AS value, sum(sum_duration_ms) AS ms, sum(success_count) AS successes
       FROM metrics_hourly WHERE metric_type = 'tool_execution'`,
    );
    const { length } = done.calls;
    const ms = total(done.calls.map(({ seconds }) => seconds * 1000));
    assert.equal(
      [row?.count, row?.value, row?.ms, row?.successes],
      [length, length, ms, secondsOf(true).length],
    );
    assert.equal(verifyRollups(database).differences, []);
    database.close();
  }

  return {
    call(seconds: number, error: string | undefined): void {
      const attributes: Attributes = { "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" };
      durations.record(seconds, error === undefined ? attributes : { ...attributes, "error.type": error });
      done.calls.push({ seconds, isSuccess: error === undefined });
    },
    finishJobs(count: number): void {
      jobs.add(count, { queue: count % 2 === 0 ? "even" : "odd" });
      active.add(1 - count);
      done.jobs += count;
    },
    send(bytes: number): void {
      responses.record(bytes);
      done.sizes.push(bytes);
    },
    /** Hand over what there is so far, to a service that may not be there. */
    tryExport: () => reader.forceFlush(),
    /** … until it is taken: gRPC looks for a service that had gone only after a second or two. */
    async export(): Promise<void> {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        await reader.forceFlush();
        if (isDelivered()) return;
      }
      throw new Error("no export was taken");
    },
    async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
      await scrape();
      await service.stop(signal);
    },
    /** Without a look at what it has counted. */
    kill: () => service.stop("SIGKILL"),
    async start(): Promise<void> {
      service = await start();
    },
    assertStored,
    async assertTotals(): Promise<void> {
      await scrape();
      assertStored();
      assertScraped();
      await assertRolledUp();
    },
    async close(): Promise<void> {
      await provider.shutdown();
      await service.stop("SIGTERM");
      rmSync(dirname(databasePath), { recursive: true, force: true });
    },
  };
}

/** Tells whether the last export was taken; the reader keeps that to itself. */
function watch(exporter: PushMetricExporter): () => boolean {
  let code: number | undefined;
  const send = exporter.export.bind(exporter);
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      code = result.code;
      done(result);
    });
  return () => code === 0;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port is free");
  return address.port;
}
