/** Servers of a directory's export go on with the key and the secret that they have, at every door of theirs. */
import { createHmac } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import { MINUTE_MS } from "../../src/lib/time.ts";
import { openTrustedTime } from "../../src/maintenance/trusted-time.ts";
import { readDatabase, withOfflineStore } from "../../src/sqlite/offline.ts";
import { runCli } from "../cli/run-cli.ts";
import { MIGRATIONS } from "../sqlite/databases.ts";
import { startTestService } from "../support/service.ts";
import {
  dateAgo,
  directoryTables,
  EXPORTS,
  KEYLESS,
  SERVER_KEY,
  SIGNED,
  type Tables,
  WEBHOOK_SECRET,
} from "./directory-export.ts";
import { freshTarget } from "./imports.ts";

const OURS = `mcp_metrics_${"aB3dE6gH".padEnd(43, "x")}`;
const exported = (tables: Tables) => EXPORTS["a dump with COPY"]?.(tables) ?? "";
const sign = (body: string, secret = WEBHOOK_SECRET): string =>
  createHmac("sha256", secret).update(body).digest("hex");

interface Sent {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}
const signedHeader = (body: string, signature: string): Sent => ({
  body,
  headers: { "X-Webhook-Signature": signature },
});
const signedField = (body: string, signature: string): Sent => ({
  body: JSON.stringify({ signedPayload: Buffer.from(body).toString("base64"), signature }),
});

/** Everywhere that a server sends, and how a signed body is sent there. */
const DOORS = {
  "/functions/v1/metrics-collect": signedHeader,
  [`/functions/v1/metrics-collect/${SIGNED}`]: signedHeader,
  "/mcp.directory.v1.DirectoryService/Collect": signedField,
};
const READ_DOORS = [
  `/functions/v1/metrics-fetch?server_id=${SIGNED}&period=1h`,
  `/servers/${SIGNED}/metrics?period=1h`,
  `/mcp.directory.v1.DirectoryService/FetchMetrics?encoding=json&message=${encodeURIComponent(JSON.stringify({ serverId: SIGNED, period: "1h" }))}`,
];

for (const keyAs of [{ "X-API-Key": SERVER_KEY }, { Authorization: `Bearer ${SERVER_KEY}` }]) {
  test(`the old key in ${Object.keys(keyAs)} and the old secret are good at every door, and no other is`, async () => {
    const { env, target } = freshTarget();
    const { code, stderr } = await runCli(["import-legacy", exported(directoryTables())], env);
    assert.is(code, 0, stderr);
    const { url, service } = await startTestService({ SQLITE_DB_PATH: target });
    const send = async (path: string, { body, headers }: Sent, key: object = keyAs) => {
      const all = { "Content-Type": "application/json", ...key, ...headers };
      return (await fetch(url + path, { method: "POST", headers: all, body })).status;
    };
    let sent = 0;
    for (const [path, signedBy] of Object.entries(DOORS)) {
      // Another value each: bytes that are signed alike are the same call.
      const heartbeat = (server: string, sign: (body: string) => string) => {
        sent += 1;
        const metrics = [{ name: "health_check", value: sent, type: "gauge" }];
        const body = JSON.stringify(path.endsWith(server) ? { metrics } : { server_id: server, metrics });
        return signedBy(body, sign(body));
      };
      const none = () => "";
      assert.is(await send(path, heartbeat(SIGNED, none)), 401, `${path}: unsigned`);
      const forged = heartbeat(SIGNED, (body) => sign(body, "another-secret-of-weather"));
      assert.is(await send(path, forged), 401, `${path}: forged`);
      const foreign = path.replace(SIGNED, KEYLESS);
      assert.is(await send(foreign, heartbeat(KEYLESS, sign)), 401, `${path}: another server's`);
      assert.is(await send(path, heartbeat(SIGNED, sign), swapped(keyAs)), 401, `${path}: another key`);
      assert.is(await send(path, heartbeat(SIGNED, sign)), 200, path);
    }
    for (const path of READ_DOORS) {
      const answer = await fetch(url + path, { headers: keyAs as Record<string, string> });
      assert.is(answer.status, 200, path);
      assert.match(await answer.text(), /"value":\s*1/, path);
      assert.is((await fetch(url + path)).status, 401, `${path}: private`);
    }
    await service.close();
    const stored = readDatabase(target, (database) =>
      database.first("SELECT count(*) AS n FROM server_metrics WHERE created_at > ?", dateAgo(0)),
    );
    assert.is(stored?.n, Object.keys(DOORS).length);
  });
}

function swapped(headers: object) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}x`]));
}

test("an imported key shows its beginning where it is of our form, and nothing of any other", async () => {
  const { env, target } = freshTarget();
  const [first, second] = directoryTables().servers ?? [];
  const path = exported({
    servers: [
      { ...first, api_key: OURS },
      { ...second, api_key: SERVER_KEY },
    ] as Tables[string],
  });
  assert.is((await runCli(["import-legacy", path], env)).code, 0);
  const { stdout } = await runCli(["keys", "list", "--json"], env);
  const keys = JSON.parse(stdout) as { service: string; role: string; prefix: string | null }[];
  assert.equal(
    keys.map(({ service, role, prefix }) => [service, role, prefix]),
    [
      ["directory", "server", "aB3dE6gH"],
      ["directory", "server", null],
    ],
  );
  assert.is(readDatabase(target, (database) => database.first("SELECT count(*) AS n FROM api_keys"))?.n, 2);
});

test("a key and a secret that are empty are none, and too short ones are left out", async () => {
  const [first] = directoryTables().servers ?? [];
  for (const [value, leftOut] of [
    ["", {}],
    [null, {}],
    [
      "fifteen-chars--",
      {
        "api_key: not 16 to 256 printable characters": 1,
        "webhook_secret: not 16 to 256 printable characters": 1,
      },
    ],
  ] as const) {
    for (const write of Object.values(EXPORTS)) {
      const { env } = freshTarget();
      const path = write({ servers: [{ ...first, api_key: value, webhook_secret: value }] } as Tables);
      const { stdout } = await runCli(["import-legacy", path, "--json"], env);
      const { servers, keys, secrets } = JSON.parse(stdout);
      assert.equal([servers.imported, keys.imported, secrets.imported], [1, 0, 0]);
      assert.equal(servers.left_out_by_reason, leftOut);
    }
  }
});

test("one key of two servers is the first one's, and the import says so", async () => {
  const { env } = freshTarget();
  const [first, second] = directoryTables().servers ?? [];
  const path = exported({ servers: [first, { ...second, api_key: SERVER_KEY }] as Tables[string] });
  for (const imported of [1, 0]) {
    const { stdout } = await runCli(["import-legacy", path, "--json"], env);
    const { servers, keys } = JSON.parse(stdout);
    assert.is(keys.imported, imported);
    assert.is(servers.left_out_by_reason["api_key: it is another one's here"], 1);
  }
});

test("an export of long ago says nothing of what the time is, and what expires of it is reported", async () => {
  const { env, target } = freshTarget();
  const { stderr } = await runCli(["import-legacy", exported(old())], env);
  assert.match(
    stderr,
    /^1 of the imported rows of server_metrics are older than its retention policy allows/m,
  );
  assert.not.match(stderr, /rows of server_metrics_daily/);
  const leadMs = await withOfflineStore(target, async ({ retention }) =>
    (await openTrustedTime(retention, systemClock)).leadMs(),
  );
  assert.ok(leadMs < MINUTE_MS);
  const count = (table: string) =>
    readDatabase(target, (database) => database.first(`SELECT count(*) AS n FROM ${table}`))?.n;
  assert.equal([count("server_metrics"), count("server_metrics_daily")], [1, 2]);
  const { code, stdout } = await runCli(["retention", "run", "--yes", "--json"], env);
  assert.is(code, 0, stdout);
  assert.equal([count("server_metrics"), count("server_metrics_daily")], [0, 2], "its day stays");
});

/** A point and a day that are both older than points are kept. */
function old(): Tables {
  const { servers = [], server_metrics: [point] = [], server_metrics_daily: [day] = [] } = directoryTables();
  const recorded = `${dateAgo(300)} 10:00:00+00`;
  return {
    servers,
    server_metrics: [{ ...point, recorded_at: recorded, created_at: recorded }] as Tables[string],
    server_metrics_daily: [day] as Tables[string],
  };
}

test("a day that is known by its sums has a value and no percentile, over REST and RPC", async () => {
  const { env, target } = freshTarget();
  const tables = directoryTables();
  const [day, ...days] = tables.server_metrics_daily ?? [];
  const path = exported({
    ...tables,
    server_metrics_daily: [{ ...day, metric_date: dateAgo(40) }, ...days],
  } as Tables);
  assert.is((await runCli(["import-legacy", path], env)).code, 0);
  const { url, service } = await startTestService({ SQLITE_DB_PATH: target });
  const request = { serverId: SIGNED, period: "90d", percentiles: ["p50"] };
  for (const path of [
    `/functions/v1/metrics-fetch?server_id=${SIGNED}&period=90d&percentiles=p50`,
    `/mcp.directory.v1.DirectoryService/FetchMetrics?encoding=json&message=${encodeURIComponent(JSON.stringify(request))}`,
  ]) {
    const answer = await fetch(url + path, { headers: { "X-API-Key": SERVER_KEY } });
    const { latency } = (await answer.json()) as { latency: { timestamp: string; value: number }[] };
    const [first, second] = latency.map(({ timestamp, ...point }) => [timestamp.slice(0, 10), point]);
    const isRpc = path.includes("Service");
    assert.equal(first, [dateAgo(40), { value: 20 }], path);
    assert.match(JSON.stringify(second), isRpc ? /"percentiles":\{"p50":\d/ : /"p50":\d/);
  }
  await service.close();
});

test("an older schema has the average of a day in the place of percentiles that nobody knows", async () => {
  const { env, target } = freshTarget();
  const { servers = [], server_metrics_daily = [] } = directoryTables();
  const path = exported({ servers, server_metrics_daily });
  assert.is((await runCli(["import-legacy", path], env)).code, 0);
  const p50 = () =>
    readDatabase(target, (database) =>
      database
        .all("SELECT p50_value FROM server_metrics_daily ORDER BY metric_date")
        .map((row) => row.p50_value),
    );
  assert.equal(p50(), [null, null, null]);
  const version = MIGRATIONS.find(({ name }) => name === "directory_imports")?.version ?? 0;
  assert.is((await runCli(["migrate", "down", String(version - 1), "--yes"], env)).code, 0);
  assert.equal(p50(), [20, 200, 40.5]);
  assert.is((await runCli(["migrate", "up"], env)).code, 0);
  assert.equal(p50(), [20, 200, 40.5]);
});

test("rows that nobody can have are skipped, by reason, beside good ones", async () => {
  const { env } = freshTarget();
  const tables = directoryTables();
  const [point] = tables.server_metrics ?? [];
  const [day] = tables.server_metrics_daily ?? [];
  const [event] = tables.server_events ?? [];
  const [use] = tables.server_usage ?? [];
  const soon = "2199-01-01 00:00:00+00";
  const path = exported({
    servers: tables.servers ?? [],
    server_metrics: [
      { ...point, recorded_at: soon },
      { ...point, recorded_at: "yesterday" },
      { ...point, server_id: "of nobody" },
      { ...point, server_id: "nobody" },
      { ...point, metric_value: "1e13" },
    ] as Tables[string],
    server_metrics_daily: [
      { ...day, metric_date: "2199-01-01" },
      { ...day, count_value: "0" },
      { ...day, count_value: "1.5" },
      { ...day, sum_value: null, avg_value: null },
      // Sums alone are enough.
      { ...day, min_value: null, max_value: null, avg_value: null },
    ] as Tables[string],
    server_events: [{ ...event, created_at: soon }, event] as Tables[string],
    server_usage: [{ ...use, created_at: soon }, use] as Tables[string],
  });
  const { stdout } = await runCli(["import-legacy", path, "--json"], env);
  const result = JSON.parse(stdout) as Record<string, { imported: number; skipped_by_reason: object }>;
  const counts = Object.entries(result).flatMap(([table, { imported, skipped_by_reason }]) =>
    table.startsWith("server_") ? [[table, imported, skipped_by_reason]] : [],
  );
  assert.equal(counts, [
    [
      "server_metrics",
      0,
      {
        "timestamp: too_far_in_the_future": 1,
        "recorded_at: invalid": 1,
        "server_id: missing or invalid": 1,
        "server_id: no such server here, nor in the export": 1,
        "value: out_of_range": 1,
      },
    ],
    [
      "server_metrics_daily",
      1,
      {
        "metric_date: too_far_in_the_future": 1,
        "count_value: not a number of metrics": 2,
        "sum_value: missing": 1,
      },
    ],
    ["server_events", 1, { "created_at: too_far_in_the_future": 1 }],
    ["server_usage", 1, { "created_at: too_far_in_the_future": 1 }],
  ]);
});

test.run();
