import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Environment } from "../src/config/setting.ts";
import { readConfig } from "../src/config.ts";

const OWN = "OTEL_OTLP_ENDPOINT";
const GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT";
const METRICS = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";

const ENDPOINTS: readonly { name: string; env: Environment; url: string | undefined }[] = [
  { name: "no endpoint pushes nothing", env: { OTEL_EXPORTER_OTLP_HEADERS: "a=b" }, url: undefined },
  { name: "a base URL gets the path", env: { [OWN]: "http://c:4318" }, url: "http://c:4318/v1/metrics" },
  {
    name: "a closing slash is no second one",
    env: { [OWN]: "http://c:4318/" },
    url: "http://c:4318/v1/metrics",
  },
  { name: "a base path is kept", env: { [OWN]: "https://c/otlp" }, url: "https://c/otlp/v1/metrics" },
  { name: "a full URL stays", env: { [OWN]: "http://c/v1/metrics" }, url: "http://c/v1/metrics" },
  { name: "parameters stay", env: { [OWN]: "http://c/?t=1" }, url: "http://c/v1/metrics?t=1" },
  {
    name: "the general endpoint is a base",
    env: { [GENERAL]: "http://g:4318" },
    url: "http://g:4318/v1/metrics",
  },
  {
    name: "the metrics endpoint is taken as it stands",
    env: { [METRICS]: "http://m/in" },
    url: "http://m/in",
  },
  {
    name: "the metrics endpoint wins over the general one",
    env: { [GENERAL]: "http://g", [METRICS]: "http://m/in" },
    url: "http://m/in",
  },
  {
    name: "the service's own endpoint wins over both",
    env: { [GENERAL]: "http://g", [METRICS]: "http://m/in", [OWN]: "http://o" },
    url: "http://o/v1/metrics",
  },
  {
    name: "a disabled SDK pushes nothing",
    env: { [OWN]: "http://o", OTEL_SDK_DISABLED: "true" },
    url: undefined,
  },
];

for (const { name, env, url } of ENDPOINTS) {
  test(`OTLP: ${name}`, () => {
    assert.is(readConfig(env).otlp?.url, url);
  });
}

test("an OTLP endpoint without a scheme is rejected and, as it may hold a password, not quoted", () => {
  for (const text of ["collector:4318", "grpc://user:hush@c", "ftp://hush@c"]) {
    assert.throws(() => readConfig({ [OWN]: text }), /OTEL_OTLP_ENDPOINT: the value is not an http/);
    assert.throws(
      () => readConfig({ [OWN]: text }),
      (error: Error) => !error.message.includes("hush"),
    );
  }
});

test("OTLP headers are decoded, merged by lower-case name, and those for metrics win", () => {
  const config = readConfig({
    [OWN]: "http://c",
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%20one, x-tenant = a",
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: "authorization=Basic dHdv==",
  });
  assert.equal(config.otlp?.headers, { authorization: "Basic dHdv==", "x-tenant": "a" });
});

test("an OTLP header that would split the request is rejected without showing it", () => {
  for (const text of ["a=hush%0d%0ab", "a b=hush", "hush"]) {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: text };
    assert.throws(
      () => readConfig(env),
      (error: Error) => {
        return error.message.includes("OTEL_EXPORTER_OTLP_HEADERS") && !error.message.includes("hush");
      },
    );
  }
});

const INTERVALS: readonly { env: Record<string, string>; ms: number | RegExp }[] = [
  { env: {}, ms: 60_000 },
  { env: { OTEL_METRIC_EXPORT_INTERVAL: "5000" }, ms: 5000 },
  { env: { OTEL_OTLP_EXPORT_INTERVAL_MS: "30000" }, ms: 30_000 },
  { env: { OTEL_OTLP_EXPORT_INTERVAL_MS: "30000", OTEL_METRIC_EXPORT_INTERVAL: "5000" }, ms: 30_000 },
  { env: { OTEL_OTLP_EXPORT_INTERVAL_MS: "", OTEL_METRIC_EXPORT_INTERVAL: "5000" }, ms: 5000 },
  { env: { OTEL_OTLP_EXPORT_INTERVAL_MS: "60000" }, ms: 60_000 },
  { env: { OTEL_OTLP_EXPORT_INTERVAL_MS: "0" }, ms: /OTEL_OTLP_EXPORT_INTERVAL_MS: "0" is not/ },
];

for (const { env, ms } of INTERVALS) {
  test(`${JSON.stringify(env)}: exports are ${ms} apart`, () => {
    const read = () => readConfig({ [OWN]: "http://c", ...env });
    if (ms instanceof RegExp) assert.throws(read, ms);
    else assert.equal([read().otlp?.intervalMs, read().warnings], [ms, []]);
  });
}

test("the other OTLP settings are OpenTelemetry's, with its defaults", () => {
  const { url: _, headers: __, ...defaults } = readConfig({ [OWN]: "http://c" }).otlp ?? {};
  assert.equal(defaults, {
    compression: "none",
    timeoutMs: 10_000,
    temporality: "cumulative",
    intervalMs: 60_000,
  });
  const { otlp } = readConfig({
    [OWN]: "http://c",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "DELTA",
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
  });
  assert.equal(otlp, {
    url: "http://c/v1/metrics",
    headers: {},
    compression: "gzip",
    timeoutMs: 2500,
    temporality: "delta",
    intervalMs: 1000,
  });
});

test.run();
