import { test } from "uvu";
import * as assert from "uvu/assert";
import { nearest } from "../src/config/nearest.ts";
import { ConfigError, readConfig } from "../src/config.ts";

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

/** Of a Service called metrics, with the pod's own settings over it. */
const METRICS_SERVICE = { METRICS_SERVICE_HOST: "10.96.0.12", METRICS_PORT: "tcp://10.96.0.12:80" };

const SERVICE_LINKS: readonly {
  readonly env: Readonly<Record<string, string>>;
  readonly problems?: readonly RegExp[];
  readonly warnings?: readonly RegExp[];
}[] = [
  {
    env: METRICS_SERVICE,
    problems: [/^METRICS_SERVICE_HOST: 10\.96\.0\.12 is the address of the Service called metrics/],
  },
  {
    env: { METRICS_SERVICE_HOST: "fd00::c", METRICS_PORT: "tcp://[fd00::c]:8890" },
    problems: [/^METRICS_SERVICE_HOST: fd00::c is the address/],
  },
  {
    env: { METRICS_SERVICE_PORT: "tcp://10.96.0.12:8890" },
    problems: [/^METRICS_SERVICE_PORT: .* Kubernetes set it for a Service called metrics-service: /],
  },
  {
    env: { METRICS_SERVICE_PORT: "udp://10.96.0.12:8890" },
    problems: [/^METRICS_SERVICE_PORT: .* a Service called metrics-service: /],
  },
  {
    env: { OTEL_PROMETHEUS_PORT: "tcp://10.96.0.12:9465" },
    problems: [/^OTEL_PROMETHEUS_PORT: .* a Service called otel-prometheus: /],
  },
  {
    env: { METRICS_SERVICE_PORT: "nine" },
    problems: [/^METRICS_SERVICE_PORT: "nine" is not a whole number.* 65535$/],
  },
  {
    env: { ...METRICS_SERVICE, METRICS_SERVICE_HOST: "0.0.0.0", METRICS_SERVICE_PORT: "80" },
    warnings: [/^METRICS_SERVICE_PORT: 80 is the port of the Service called metrics, too; /],
  },
  { env: { ...METRICS_SERVICE, METRICS_SERVICE_HOST: "0.0.0.0", METRICS_SERVICE_PORT: "81" } },
  {
    env: {
      METRICS_SERVICE_HOST: "0.0.0.0",
      METRICS_SERVICE_PORT: "8890",
      METRICS_PORT: "tcp://10.96.0.12:8890",
    },
  },
  { env: { METRICS_SERVICE_HOST: "10.96.0.12" } },
  { env: { METRICS_SERVICE_HOST: "10.96.0.12", METRICS_PORT: "tcp://" } },
];

for (const { env, problems = [], warnings = [] } of SERVICE_LINKS) {
  test(`what Kubernetes may have put there is said where it hurts: ${JSON.stringify(env)}`, () => {
    const found = read(env);
    for (const [texts, patterns] of [
      [found.problems, problems],
      [found.warnings, warnings],
    ] as const) {
      assert.is(texts.length, patterns.length, texts.join("; "));
      for (const [index, pattern] of patterns.entries()) assert.match(texts[index] ?? "", pattern);
    }
    for (const text of found.problems.filter((each) => each.includes("Kubernetes")))
      assert.match(text, "set enableServiceLinks: false in the pod");
  });
}

/** What an environment is warned of, or why it is none. */
function read(env: Readonly<Record<string, string>>) {
  try {
    return { problems: [], warnings: readConfig(env).warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems, warnings: [] };
  }
}

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
