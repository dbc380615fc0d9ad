/** A directory's export: what is taken over from every form of it, once. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { type Env, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { ADMIN_KEY, startTestService } from "../support/service.ts";
import {
  dateAgo,
  directoryTables,
  EXPORTS,
  KEYLESS,
  SERVER_KEY,
  SIGNED,
  type Tables,
  timeAgo,
  WEBHOOK_SECRET,
} from "./directory-export.ts";
import { freshTarget } from "./imports.ts";

interface Counts {
  readonly imported: number;
  readonly already_here: number;
  readonly skipped_by_reason: Readonly<Record<string, number>>;
  readonly left_out_by_reason: Readonly<Record<string, number>>;
}
type Imported = Readonly<Record<string, Counts>>;

async function importExport(path: string, env: Env, ...options: readonly string[]): Promise<Imported> {
  const { code, stdout, stderr } = await runCli(["import-legacy", path, "--json", ...options], env);
  assert.is(code, 0, stderr);
  const { path: _, ...tables } = JSON.parse(stdout);
  return tables as Imported;
}

const newOf = (imported: Imported) =>
  Object.fromEntries(
    Object.entries(imported).flatMap(([what, { imported }]) => (imported ? [[what, imported]] : [])),
  );

const rows = (target: string, sql: string) =>
  readDatabase(target, (database) => database.all(sql).map(({ _metadata, ...row }) => Object.values(row)));
const DAYS = `SELECT metric_date, metric_name, count_value, sum_value, min_value, max_value, p50_value IS NULL
  FROM server_metrics_daily ORDER BY metric_date, metric_name`;

const ALL = {
  servers: 2,
  keys: 1,
  secrets: 1,
  server_metrics: 5,
  server_metrics_daily: 3,
  server_events: 1,
  server_usage: 2,
};
const SUMS = [
  [dateAgo(400), "response_time", 10, 200, 5, 50, 1],
  // Four were measured, of which two are left.
  [dateAgo(2), "response_time", 4, 800, 90, 400, 0],
  [dateAgo(1), "api_requests", 1, 7, 7, 7, 0],
  [dateAgo(1), "health_check", 1, 0, 0, 0, 0],
  [dateAgo(1), "response_time", 1, 40.5, 40.5, 40.5, 0],
];

for (const [form, write] of Object.entries(EXPORTS)) {
  test(`${form}: servers, metrics, days, events and usage are taken over, and a second time nothing`, async () => {
    const { env, target } = freshTarget();
    const path = write(directoryTables());
    const imported = await importExport(path, env);
    assert.equal(newOf(imported), ALL);
    const skipped = Object.values(imported).flatMap((counts) => Object.entries(counts.skipped_by_reason));
    assert.equal(skipped, [
      ["type: unknown_type", 1],
      ["value: not_numeric", 1],
      ["event_type: unknown_type", 1],
      ["action: unknown", 1],
    ]);
    assert.equal(imported.servers?.left_out_by_reason, {
      "webhook_secret: not 16 to 256 printable characters": 1,
    });
    const check = () => {
      const servers = `SELECT id, name, metrics_enabled, is_public, webhook_url, has_webhook_secret,
        metrics_last_received, created_at FROM servers ORDER BY id`;
      assert.equal(rows(target, servers), [
        [
          SIGNED,
          'Weather, "wet" & it\'s windy',
          1,
          0,
          "https://weather.example/hook",
          1,
          new Date(timeAgo(1, 2)).toISOString(),
          "2025-06-02T14:30:00.123Z",
        ],
        [KEYLESS, "Keyless", 0, 0, null, 0, null, "2025-06-03T00:00:00.000Z"],
      ]);
      const tags = JSON.stringify({ endpoint: 'it\'s "quoted"\n, twice' });
      const points =
        "SELECT metric_name, metric_value, metric_type, metric_tags, recorded_at FROM server_metrics ORDER BY id";
      assert.equal(rows(target, points), [
        ["response_time", 100, "gauge", tags, new Date(timeAgo(2, 10)).toISOString()],
        ["response_time", 300, "gauge", "{}", new Date(timeAgo(2, 11)).toISOString()],
        ["response_time", 40.5, "gauge", tags, new Date(timeAgo(1, 1)).toISOString()],
        ["api_requests", 7, "count", "{}", new Date(timeAgo(1, 1)).toISOString()],
        ["health_check", 0, "gauge", tags, new Date(timeAgo(1, 2)).toISOString()],
      ]);
      assert.equal(rows(target, DAYS), SUMS);
      assert.equal(
        rows(target, "SELECT event_type, previous_value, new_value, recorded_by FROM server_events"),
        [["version_change", "1.0", "1.1", "admin"]],
      );
      const usage =
        "SELECT server_id, action, tool_id, user_id, details, client_info FROM server_usage ORDER BY id";
      const [[, , , user, details, client] = [], ...others] = rows(target, usage);
      assert.match(String(user), /^[0-9a-f]{16}$/);
      assert.equal(JSON.parse(String(details)), { who: user });
      assert.not.match(String(client), "192.168.7.9");
      assert.equal(others, [[KEYLESS, "install", "t-1", null, "{}", "{}"]]);
    };
    check();
    assert.equal(newOf(await importExport(path, env)), {});
    check();
    assert.equal(rows(target, "SELECT health, health_ms FROM directory_servers WHERE health IS NOT NULL"), [
      ["down", Date.parse(timeAgo(1, 2))],
    ]);
    const [trail] = rows(target, "SELECT action, target, outcome FROM admin_audit_log ORDER BY id LIMIT 1");
    assert.equal(trail, ["legacy.import", path, "ok"]);
  });
}

test("one form after the other, and the parts in any order, come to the same days", async () => {
  const orders: readonly (readonly string[])[] = [
    ["servers", "server_metrics_daily", "server_metrics"],
    ["servers", "server_metrics", "server_metrics_daily"],
    ["servers", "server_metrics_daily", "server_metrics", "server_metrics_daily", "server_metrics"],
  ];
  for (const order of orders) {
    const { env, target } = freshTarget();
    const tables = directoryTables();
    for (const [index, table] of order.entries()) {
      const write = Object.values(EXPORTS)[index % Object.keys(EXPORTS).length];
      await importExport(write?.({ [table]: tables[table] ?? [] }) ?? "", env);
    }
    assert.equal(rows(target, DAYS), SUMS, order.join());
  }
});

test("an export that grew adds what is new, beside what the servers sent here meanwhile", async () => {
  const { env, target } = freshTarget();
  const tables = directoryTables();
  const dump = EXPORTS["a dump with COPY"];
  await importExport(dump?.(tables) ?? "", env);
  const { url, service } = await startTestService({ SQLITE_DB_PATH: target });
  const live = {
    name: "response_time",
    value: 1000,
    type: "gauge",
    timestamp: new Date(timeAgo(1, 5)).toISOString(),
  };
  assert.is((await collect(url, { server_id: SIGNED, metrics: [live] })).status, 200);
  await service.close();
  const [first] = tables.server_metrics ?? [];
  const grown: Tables = {
    ...tables,
    // Retention of the directory has taken the first; one came, and one without an id twice.
    server_metrics: [
      ...(tables.server_metrics ?? []).slice(1),
      { ...first, id: "later", metric_value: "60", recorded_at: timeAgo(1, 6) } as Record<string, string>,
      { ...first, id: null, metric_value: "2", recorded_at: timeAgo(1, 7) } as Record<string, string | null>,
      { ...first, id: null, metric_value: "2", recorded_at: timeAgo(1, 7) } as Record<string, string | null>,
    ],
    server_metrics_daily: (tables.server_metrics_daily ?? []).map((row, index) =>
      index === 2 ? { ...row, count_value: "5", sum_value: "300" } : row,
    ),
  };
  for (const added of [{ server_metrics: 3, server_metrics_daily: 1 }, {}]) {
    assert.equal(newOf(await importExport(dump?.(grown) ?? "", env)), added);
    const [, , , , sums] = rows(target, DAYS);
    assert.equal(sums, [dateAgo(1), "response_time", 6, 1300, 2, 1000, 0]);
  }
});

async function collect(url: string, body: unknown, changes: Readonly<Record<string, string>> = {}) {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", WEBHOOK_SECRET).update(text).digest("hex");
  return fetch(`${url}/functions/v1/metrics-collect`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-API-Key": SERVER_KEY,
      "X-Webhook-Signature": signature,
      ...changes,
    },
    body: text,
  });
}

test("a server goes on with its key and secret; its chart has what was taken over", async () => {
  const { env, target } = freshTarget();
  const path = EXPORTS["a folder of CSV files"]?.(directoryTables()) ?? "";
  await importExport(path, env, "--public");
  const { url, service } = await startTestService({ SQLITE_DB_PATH: target });
  const body = { server_id: SIGNED, metrics: [{ name: "response_time", value: 5, type: "gauge" }] };
  assert.is((await collect(url, body)).status, 200);
  assert.is((await collect(url, body, { "X-Webhook-Signature": "0".repeat(64) })).status, 401);
  const keyless = { server_id: KEYLESS, metrics: body.metrics };
  assert.is((await collect(url, keyless)).status, 401, "another server's");
  // Known by its sums alone: computing the day anew leaves it.
  for (const days of [400, 2, 1]) {
    const headers = { "Content-Type": "application/json", "X-API-Key": ADMIN_KEY };
    const aggregate = { method: "POST", headers, body: JSON.stringify({ date: dateAgo(days) }) };
    await fetch(`${url}/functions/v1/metrics-aggregate`, aggregate);
  }
  const fetched = await fetch(
    `${url}/functions/v1/metrics-fetch?server_id=${SIGNED}&period=30d&percentiles=p50`,
  );
  assert.is(fetched.status, 200, "it is public");
  const { latency } = (await fetched.json()) as { latency: { timestamp: string; value: number }[] };
  const byDay = new Map(latency.map(({ timestamp, value }) => [timestamp.slice(0, 10), value]));
  assert.equal([byDay.get(dateAgo(2)), byDay.get(dateAgo(1))], [200, 40.5]);
  await service.close();
  assert.equal(rows(target, DAYS).slice(0, 5), SUMS);
});

test("a server that is here keeps its name and secret, and the old key works beside its own", async () => {
  const { env, target } = freshTarget();
  const made = await runCli(["servers", "register", SIGNED, "--name", "Mine", "--json"], env);
  assert.is(made.code, 0, made.stderr);
  const path = EXPORTS["a dump with COPY"]?.(directoryTables()) ?? "";
  const imported = await importExport(path, env);
  assert.equal(
    [imported.servers?.imported, imported.servers?.already_here, imported.keys?.imported],
    [1, 1, 1],
  );
  assert.equal(rows(target, `SELECT name, has_webhook_secret FROM servers WHERE id = '${SIGNED}'`), [
    ["Mine", 0],
  ]);
  await runCli(["servers", "rotate", SIGNED, "--overlap", "0s"], env);
  assert.is((await importExport(path, env)).keys?.imported, 0, "what was ended here stays ended");
});

test("what is no export, and one that is cut off, is told in one line", async () => {
  const { env } = freshTarget();
  const file = (name: string, text: string) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, text, "latin1");
    return path;
  };
  for (const [path, message] of [
    [temporaryFolder(), /no SQL dump, and no CSV file with the name of a table/],
    [file("things.csv", "id\n1\n"), /no CSV file with the name of a table/],
    [file("dump.sql", "PGDMP\x01\x0e"), /pg_dump --format=plain/],
    [file("dump.sql", "\x1f\x8b\x08"), /unpack it first/],
    [file("missing.sql", "").replace("missing", "gone"), /is not there/],
    [file("servers.csv", 'id,name\n1,"never'), /is cut off/],
    [file("dump.sql", "INSERT INTO servers (id) VALUES ('never"), /is cut off/],
    [file("dump.sql", "INSERT INTO servers VALUES ('a');"), /does not say which columns servers has/],
  ] as const) {
    const { code, stderr } = await runCli(["import-legacy", path], env);
    assert.is(code, 1, path);
    assert.match(stderr, message);
    assert.match(stderr, /^mcp-metrics: .*\n$/);
  }
  const { code, stderr } = await runCli(["import-legacy", file("old.db", ""), "--public"], env);
  assert.is(code, 1);
  assert.match(stderr, /--public is for a directory's export/);
});

test.run();
