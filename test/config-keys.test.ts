import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeSettings } from "../src/config/describe.ts";
import { readConfig } from "../src/config.ts";

const KEY = "sixteen-letters!";
const OTHER = "seventeen-letters";

test("METRICS_API_KEY_<NAME> makes a writer key of the service name in lower case with hyphens", () => {
  const { keys } = readConfig({ METRICS_API_KEY_TOOL_SERVER: KEY, METRICS_API_KEY_AUTH: ` ${OTHER}\r` });
  assert.equal(keys.writers, [
    { service: "auth", key: OTHER, allowedServices: [] },
    { service: "tool-server", key: KEY, allowedServices: [] },
  ]);
});

test("one key under several names is the first one's, may write for all of them, and is warned of by name", () => {
  const { keys, warnings } = readConfig({
    METRICS_API_KEY_REGISTRY: KEY,
    METRICS_API_KEY_MCPGW: `${KEY} `,
    METRICS_API_KEY_OTHER: OTHER,
    METRICS_API_KEY_AUTH_SERVER: KEY,
    METRICS_API_KEY_UNSET: "",
  });
  assert.equal(keys.writers, [
    { service: "auth-server", key: KEY, allowedServices: ["mcpgw", "registry"] },
    { service: "other", key: OTHER, allowedServices: [] },
  ]);
  const shared = "the same key as METRICS_API_KEY_AUTH_SERVER; one key of auth-server, which may write";
  assert.equal(warnings, [
    `METRICS_API_KEY_MCPGW: ${shared} mcpgw too`,
    `METRICS_API_KEY_REGISTRY: ${shared} registry too`,
  ]);
});

test("an empty key counts as unset", () => {
  const { keys, warnings } = readConfig({ METRICS_API_KEY_AUTH: "", METRICS_ADMIN_API_KEY: " " });
  assert.equal([keys.writers, keys.adminKey, warnings], [[], undefined, []]);
});

const REFUSED: readonly { name: string; env: Record<string, string>; problem: RegExp }[] = [
  {
    name: "a key of 15 characters",
    env: { METRICS_API_KEY_A: "fifteen-letters" },
    problem: /METRICS_API_KEY_A: the value is not a key of 16/,
  },
  {
    name: "a key of 257 characters",
    env: { METRICS_API_KEY_A: "k".repeat(257) },
    problem: /METRICS_API_KEY_A: /,
  },
  { name: "a key beyond ASCII", env: { METRICS_API_KEY_A: `${KEY}ß` }, problem: /printable ASCII/ },
  { name: "a key with a tab", env: { METRICS_API_KEY_A: `${KEY}\t${KEY}` }, problem: /printable ASCII/ },
  { name: "a short admin key", env: { METRICS_ADMIN_API_KEY: "short" }, problem: /METRICS_ADMIN_API_KEY: / },
  {
    name: "the admin key for a service",
    env: { METRICS_ADMIN_API_KEY: KEY, METRICS_API_KEY_A: KEY },
    problem: /METRICS_API_KEY_A: the same key as METRICS_ADMIN_API_KEY/,
  },
  {
    name: "the admin key for the second of two services",
    env: { METRICS_ADMIN_API_KEY: KEY, METRICS_API_KEY_A: KEY, METRICS_API_KEY_B: KEY },
    problem: /METRICS_API_KEY_B: the same key as METRICS_ADMIN_API_KEY/,
  },
  {
    name: "a key of 15 characters under two names",
    env: { METRICS_API_KEY_A: "fifteen-letters", METRICS_API_KEY_B: "fifteen-letters" },
    problem: /METRICS_API_KEY_B: the value is not a key of 16/,
  },
  {
    name: "two keys for one service",
    env: { METRICS_API_KEY_A_B: KEY, "METRICS_API_KEY_A-B": OTHER },
    problem: /the same service as/,
  },
  {
    name: "a name that is no service name",
    env: { "METRICS_API_KEY_A.B": KEY },
    problem: /METRICS_API_KEY_A\.B: "a\.b" is not a service name/,
  },
];

for (const { name, env, problem } of REFUSED) {
  test(`${name} is rejected and never shown`, () => {
    assert.throws(() => readConfig(env), problem);
    assert.throws(
      () => readConfig(env),
      (error: Error) => {
        return Object.values(env).every((key) => !error.message.includes(key));
      },
    );
  });
}

test("the description has every setting in force under its name and no secret", () => {
  const config = readConfig({
    METRICS_ADMIN_API_KEY: "hush-hush-hush-hush",
    METRICS_API_KEY_AUTH: "hush-hush-hush-two",
    OTEL_OTLP_ENDPOINT: "https://user:hush@collector/in?token=hush",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=hush,x-tenant=hush",
    DATABASE_URL: "sqlite:////srv/m.db?token=hush",
    METRICS_SERVICE_PORT: "9000",
  });
  const lines = describeSettings(config.effective).map((line) => line.replace(/ +/g, " "));
  assert.not.ok(lines.some((line) => line.includes("hush")));
  for (const line of [
    "METRICS_ADMIN_API_KEY ********",
    "METRICS_API_KEY_AUTH ********",
    "METRICS_SERVICE_PORT 9000",
    "METRICS_SERVICE_HOST 0.0.0.0 (default)",
    "OTEL_OTLP_ENDPOINT https://********@collector/in?********",
    "OTEL_EXPORTER_OTLP_HEADERS authorization=********,x-tenant=********",
    "SQLITE_DB_PATH /srv/m.db",
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.not.ok(lines.some((line) => line.startsWith("TLS_CERT_FILE")));
});

test.run();
