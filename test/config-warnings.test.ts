import { test } from "uvu";
import * as assert from "uvu/assert";
import { nearest } from "../src/config/nearest.ts";
import { readConfig } from "../src/config.ts";

const WARNED: readonly (readonly [name: string, text: string, warning: string])[] = [
  ["METRICS_RATELIMIT", "5", "METRICS_RATELIMIT: unknown setting; did you mean METRICS_RATE_LIMIT?"],
  ["METRICS_PORT", "5", "METRICS_PORT: unknown setting; did you mean METRICS_SERVICE_PORT?"],
  ["OTEL_PROMETEUS_PORT", "5", "OTEL_PROMETEUS_PORT: unknown setting; did you mean OTEL_PROMETHEUS_PORT?"],
  ["METRICS_COLOUR_OF_THE_SKY", "blue", "METRICS_COLOUR_OF_THE_SKY: unknown setting"],
  ["OTEL_TRACES_EXPORTER", "otlp", "OTEL_TRACES_EXPORTER: not used by this service"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL: not used by this service"],
  ["OTEL_SERVICE_NAME", '"x"', "OTEL_SERVICE_NAME: the quotation marks around the value are part of it"],
];

for (const [name, text, warning] of WARNED) {
  test(`${name}=${text} is warned of, and the service starts`, () => {
    assert.equal(readConfig({ [name]: text }).warnings, [warning]);
  });
}

test("names that are a client's, Kubernetes', empty or of no concern are passed over", () => {
  const { warnings } = readConfig({
    METRICS_SERVICE_URL: "http://localhost:8890",
    METRICS_API_KEY: "a-client's-key",
    METRICS_DB_SERVICE_HOST: "10.0.0.1",
    METRICS_DB_PORT: "tcp://10.0.0.1:80",
    METRICS_DB_PORT_80_TCP_ADDR: "10.0.0.1",
    METRICS_RATELIMIT: "",
    METRICS_UNDEFINED: undefined,
    PATH: "/bin",
  });
  assert.equal(warnings, []);
});

const NEAREST: readonly (readonly [word: string, expected: string | undefined])[] = [
  ["list", "list"],
  ["lsit", "list"],
  ["crate", "create"],
  ["creates", "create"],
  ["delete", undefined],
  ["", undefined],
  ["x", undefined],
];

for (const [word, expected] of NEAREST) {
  test(`the nearest to "${word}" is ${expected}`, () => {
    assert.is(nearest(word, ["create", "list", "revoke", "rotate"]), expected);
  });
}

test.run();
