/**
 * Whoever moves by docs/migrating.md: its commands run from top to bottom, in one checkout that takes over all three
 * predecessors. After each section the emitters of its predecessor send as they did, and so do those before them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Libsql from "libsql";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hashKey, legacyHashKey } from "../../src/access/api-key.ts";
import { MetricsClient, MetricsCollector } from "../../src/client/index.ts";
import { HOUR_MS } from "../../src/lib/time.ts";
import { COLLECT, sign } from "../directory/directory-service.ts";
import { freePort } from "../support/free-port.ts";
import { send } from "../support/http.ts";
import { needing } from "../support/needs.ts";
import { readRows } from "../support/sql.ts";
import { directoryTables, EXPORTS, SERVER_KEY, SIGNED, WEBHOOK_SECRET } from "./directory-export.ts";
import { type Block, createCheckout, readBlocks, scriptOf } from "./guide.ts";
import { addKey, addMetrics, createPredecessor } from "./predecessor.ts";

/** Blocks that are for people alone, by their first two words, and why no test does it. */
const FOR_PEOPLE: Readonly<Record<string, string>> = {
  "docker cp": "it needs a container engine, and a container of the predecessor",
  "docker compose": "so does it, and the predecessor's compose file",
  "sum by": "it needs a Prometheus that has scraped a composer; test/composer/prometheus.test.ts asks one",
  "pg_dump --data-only": "it needs the directory's PostgreSQL",
};
const BLOCKS = readBlocks();
const firstWords = ({ text }: Block) => text.split(/\s/, 2).join(" ");
const isForPeople = (block: Block) => Object.hasOwn(FOR_PEOPLE, firstWords(block));

const PLAIN_KEY = "mcp_metrics_plain-key-of-the-gateway-0000000000000000";
const KEYED_KEY = "mcp_metrics_keyed-key-of-the-gateway-0000000000000000";
const SHARED_KEY = "one-secret-under-three-names";
const COMPOSER_TOKEN = "the-token-of-the-composer";
const UNSIGNED = "3f0a1c1e-0000-4000-8000-000000000003";
const UNSIGNED_KEY = "plain-text-key-of-a-server-that-signs-nothing";

/** What the predecessor's own documents set, with the ports and the retention of this test. */
const environmentOf = (port: number, prometheusPort: number) => `
DATABASE_URL=sqlite:///var/lib/sqlite/metrics.db
SQLITE_DB_PATH="/var/lib/sqlite/metrics.db"
METRICS_RETENTION_DAYS="3650"
DB_CONNECTION_TIMEOUT="30"
METRICS_SERVICE_PORT="${port}"
METRICS_SERVICE_HOST="127.0.0.1"
OTEL_SERVICE_NAME="mcp-metrics-service"
OTEL_PROMETHEUS_ENABLED="true"
OTEL_PROMETHEUS_PORT="${prometheusPort}"
OTEL_PROMETHEUS_HOST="127.0.0.1"
OTEL_OTLP_ENDPOINT=""
OTEL_OTLP_EXPORT_INTERVAL_MS=30000
METRICS_RATE_LIMIT="1000"
API_KEY_HASH_ALGORITHM="sha256"
BATCH_SIZE="100"
FLUSH_INTERVAL_SECONDS="30"
MAX_REQUEST_SIZE="10MB"
METRICS_API_KEY_AUTH=${SHARED_KEY}
METRICS_API_KEY_REGISTRY=${SHARED_KEY}
METRICS_API_KEY_MCPGW=${SHARED_KEY}
`;

/** Sends one thing, as it is now; resolves to a query that counts all that it has sent so far. */
type Emitter = () => Promise<string>;

const test = suite("docs/migrating.md");
const checkout = createCheckout();
test.after(() => checkout.remove());

const curlTest = needing(test, "curl", "grep");
curlTest("its commands move all three, and what sends goes on unchanged", async () => {
  const port = await freePort();
  const URL = `http://localhost:${port}`;
  const OLD_ENVIRONMENT = join(checkout.folder, "old.env");
  writeFileSync(OLD_ENVIRONMENT, environmentOf(port, await freePort()));
  const databasePath = join(checkout.folder, "data/metrics.db");
  mkdirSync(dirname(databasePath));
  const OLD_DATABASE = createOldDatabase(databasePath);
  const count = (sql: string) => Number(Object.values(readRows(databasePath, sql)[0] ?? {})[0]);
  const emitters: Emitter[] = [];
  const followed = new Set<Block>();

  /** Run a section, and then let its emitters send, and all those before them. */
  async function follow(
    section: string,
    values: Readonly<Record<string, string>>,
    own: (output: string) => readonly Emitter[],
    look: () => unknown = () => undefined,
  ): Promise<void> {
    const inLanguage = (name: string) => {
      const blocks = BLOCKS.filter((block) => block.section === section && block.language === name);
      return blocks.filter((block) => !isForPeople(block) && followed.add(block));
    };
    const { output, stop } = await checkout.run(scriptOf(inLanguage("sh"), values));
    emitters.push(...own(output()));
    for (const emit of emitters) {
      const sql = await emit();
      const before = count(sql);
      await emit();
      assert.equal([before > 0, count(sql)], [true, before + 1], sql);
    }
    for (const { text } of inLanguage("sql")) {
      // Twice each.
      const recent = emitters.length * 2;
      assert.is(count(text), recent, text);
      assert.is(count(text.replace("created_at", "timestamp")), recent, text);
    }
    await look();
    await stop();
    assert.match(output(), '"message":"stopped"');
    // Also of one secret under three names.
    assert.not.match(output(), "a key writes metrics of another service");
  }

  await follow(
    "From the gateway's metrics service",
    { OLD_DATABASE, OLD_ENVIRONMENT, EMITTER_KEY: KEYED_KEY, URL },
    () => [
      gatewayEmitter(URL, PLAIN_KEY, "billing"),
      gatewayEmitter(URL, KEYED_KEY, "reports"),
      ...["auth", "registry", "mcpgw"].map((service) => gatewayEmitter(URL, SHARED_KEY, service)),
    ],
    () => assert.is(count("SELECT count(*) FROM metrics WHERE timestamp < '2025'"), 300),
  );
  await follow("From the composer", { COMPOSER_TOKEN, URL }, () => [composerEmitter(URL)]);
  const OLD_EXPORT = EXPORTS["a folder of CSV files"]?.(directoryWithUnsigned()) ?? "";
  await follow(
    "From the directory",
    { OLD_EXPORT, URL },
    (output) => {
      assert.match(output, /server_metrics {2,}5 imported/);
      return [
        directoryEmitter(URL, SIGNED, SERVER_KEY, WEBHOOK_SECRET),
        directoryEmitter(URL, UNSIGNED, UNSIGNED_KEY),
      ];
    },
    () => assert.is(count(`SELECT count(*) FROM server_events WHERE server_id = '${SIGNED}'`), 2),
  );
  const left = BLOCKS.filter((block) => !followed.has(block));
  assert.equal(
    left.map(firstWords),
    Object.keys(FOR_PEOPLE),
    "what is not run has a reason, and no other has one",
  );
});

/**
 * As the gateway's service leaves it: never migrated, with the empty table of its compose file's sidecar, keys of both
 * kinds of hash, and metrics of long ago and of the last hour. The sidecar has been at the new database, too.
 */
function createOldDatabase(databasePath: string): string {
  const path = join(checkout.folder, "old.db");
  const old = createPredecessor(path);
  old.exec("CREATE TABLE _health (id INTEGER)");
  addMetrics(old, 300);
  const anHourAgo = new Date(Date.now() - HOUR_MS).toISOString();
  old
    .prepare(
      "INSERT INTO metrics (request_id, service, metric_type, timestamp, value, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(["req_1", "auth", "custom", anHourAgo, 1, anHourAgo.slice(0, 19).replace("T", " ")]);
  addKey(old, hashKey(PLAIN_KEY), "billing");
  addKey(old, legacyHashKey(KEYED_KEY), "reports");
  addKey(old, legacyHashKey(SHARED_KEY), "auth");
  old.close();
  const fresh = new Libsql(databasePath);
  fresh.exec("CREATE TABLE _health (id INTEGER)");
  fresh.close();
  return path;
}

/** As its Python does: every optional field is there, and times have no zone. */
function gatewayEmitter(url: string, key: string, service: string): Emitter {
  return async () => {
    const timestamp = new Date().toISOString().replace("Z", "000");
    const metric = { type: "auth_request", value: 1.0, duration_ms: null, timestamp, metadata: {} };
    const dimensions = { success: true, method: "jwt", server: "mcpgw", user_hash: "" };
    const metrics = [{ ...metric, dimensions }];
    const body = { service, version: "1.0.0", instance_id: null, metrics };
    const { status, text } = await send("POST", `${url}/metrics`, { "X-API-Key": key }, body);
    assert.is(status, 200, text);
    return `SELECT count(*) FROM auth_metrics WHERE service = '${service}' AND timestamp > '2025'`;
  };
}

/** A composer's calls, and Prometheus, which scrapes what they count with the same token. */
function composerEmitter(url: string): Emitter {
  return async () => {
    const client = new MetricsClient({ url, apiKey: COMPOSER_TOKEN, service: "composer" });
    new MetricsCollector(client).recordToolInvocation("github.search", 0.25);
    await client.close();
    const bearer = { Authorization: `Bearer ${COMPOSER_TOKEN}` };
    const { text } = await send("GET", `${url}/api/v1/metrics/prometheus`, bearer);
    assert.match(text, /^mcp_tool_invocations_total\{tool_id="github\.search",status="success"\} [1-9]/m);
    return "SELECT count(*) FROM metrics WHERE metric_type = 'tool_invocation'";
  };
}

/** The directory's export, with one more server: it has a key, and no secret to sign with. */
function directoryWithUnsigned() {
  const tables = directoryTables();
  const unsigned = { ...tables.servers?.[0], id: UNSIGNED, api_key: UNSIGNED_KEY, webhook_secret: null };
  return { ...tables, servers: [...(tables.servers ?? []), unsigned] };
}

/** A server's heartbeat, with the key that its author had from the directory, and signed if with a secret too. */
function directoryEmitter(url: string, server_id: string, key: string, secret?: string): Emitter {
  return async () => {
    const timestamp = new Date().toISOString();
    const metrics = [{ name: "health_check", value: 1, type: "gauge", timestamp }];
    const body = JSON.stringify({ server_id, metrics });
    const signature = secret === undefined ? {} : { "x-webhook-signature": sign(secret, body) };
    const { status, text } = await send("POST", url + COLLECT, { "x-api-key": key, ...signature }, body);
    assert.is(status, 200, text);
    return `SELECT count(*) FROM server_metrics WHERE server_id = '${server_id}'`;
  };
}

test.run();
