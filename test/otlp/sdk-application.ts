/** Applications that measure with the OpenTelemetry SDK and push with one of its own exporters. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
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
  type ViewOptions,
} from "@opentelemetry/sdk-metrics";
import { readConfig } from "../../src/config.ts";
import type { PythonClient } from "../support/python.ts";

/** Upper bounds of the histograms of durations, in seconds, unless they are configured. */
export const SECONDS_BOUNDARIES = readConfig({}).telemetry.secondsBuckets;

export interface Application {
  /** A call of a tool. */
  call(seconds: number, error: string | undefined): void;
  finishJobs(count: number): void;
  send(bytes: number): void;
  /** Export what there is so far, with the exporter's own retries; whether it was taken. */
  export(): Promise<boolean>;
  close(): Promise<void>;
}

/** Starts an application that exports to the service at that port of this machine. */
export type StartApplication = (port: number, key: string) => Application;

/** Enough for several attempts, with the pauses between them. */
const TIMEOUT_MS = 30_000;
const SIZES = "response.size";

const JS_EXPORTERS: Readonly<Record<string, (url: string) => PushMetricExporter>> = {
  "OTLP/HTTP, protobuf": (url) =>
    new ProtobufExporter({ url: `${url}/v1/metrics`, timeoutMillis: TIMEOUT_MS }),
  "OTLP/HTTP, JSON": (url) => new JsonExporter({ url: `${url}/v1/metrics`, timeoutMillis: TIMEOUT_MS }),
  "OTLP/gRPC": (url) => new GrpcExporter({ url, timeoutMillis: TIMEOUT_MS }),
};

export const JS_APPLICATIONS: Readonly<Record<string, StartApplication>> = Object.fromEntries(
  Object.entries(JS_EXPORTERS).map(([name, create]) => [name, (port, key) => startJs(create, port, key)]),
);

function startJs(create: (url: string) => PushMetricExporter, port: number, key: string): Application {
  process.env.OTEL_EXPORTER_OTLP_HEADERS = `x-api-key=${key}`;
  const exporter = create(`http://127.0.0.1:${port}`);
  const isDelivered = watch(exporter);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 86_400_000 });
  const exponential: ViewOptions = {
    instrumentName: SIZES,
    aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
  };
  const attributes = { "service.name": "sdk", "service.instance.id": "1" };
  const resource = defaultResource().merge(resourceFromAttributes(attributes));
  const provider = new MeterProvider({ resource, readers: [reader], views: [exponential] });
  const meter = provider.getMeter("session");
  const jobs = meter.createCounter("jobs.done");
  const active = meter.createUpDownCounter("sessions.active");
  const responses = meter.createHistogram(SIZES, { unit: "By" });
  const advice = { explicitBucketBoundaries: [...readConfig({}).telemetry.secondsBuckets] };
  const durations = meter.createHistogram("mcp.server.operation.duration", { unit: "s", advice });
  return {
    call(seconds, error) {
      const tool: Attributes = { "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" };
      durations.record(seconds, error === undefined ? tool : { ...tool, "error.type": error });
    },
    finishJobs(count) {
      jobs.add(count, { queue: count % 2 === 0 ? "even" : "odd" });
      active.add(1 - count);
    },
    send: (bytes) => responses.record(bytes),
    async export() {
      await reader.forceFlush();
      return isDelivered();
    },
    close: () => provider.shutdown(),
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

/** The Python SDK in a process of its own, with its exporter over `http` or `grpc`. */
export function startPython(
  { python }: PythonClient,
  protocol: string,
  port: number,
  key: string,
): Application {
  const script = join(import.meta.dirname, "../python/otlp_application.py");
  const bounds = readConfig({}).telemetry.secondsBuckets.join(",");
  const child = spawn(python, [script, protocol, `${port}`, key, bounds], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = (...words: readonly unknown[]) => void child.stdin.write(`${JSON.stringify(words)}\n`);
  return {
    call: (seconds, error) => tell("call", seconds, error ?? null),
    finishJobs: (count) => tell("finish_jobs", count),
    send: (bytes) => tell("send", bytes),
    async export() {
      tell("export");
      return (await answers.next()).value === "taken";
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
