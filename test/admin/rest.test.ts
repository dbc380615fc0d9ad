import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../src/lib/time.ts";
import { ADMIN } from "../support/http.ts";
import { WRITER_KEY } from "../support/service.ts";
import { openAdmin } from "./administered-service.ts";

const test = suite<{ admin: Awaited<ReturnType<typeof openAdmin>> }>("administration over REST");

test.before.each(async (context) => {
  context.admin = await openAdmin();
});
test.after.each(({ admin }) => admin.close());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
type Json = Record<string, unknown>;
const at = (value: unknown, name: string) => (value as Json)[name] as Json;

test("a preview says what would go, field by field", async ({ admin }) => {
  const before = Date.now();
  await admin.store("auth_request", 120 * DAY_MS, 100 * DAY_MS, 10 * DAY_MS);
  const { status, body } = await admin.send("GET", "/admin/retention/preview?table_name=auth_metrics");
  assert.is(status, 200);
  assert.equal(Object.keys(body), ["auth_metrics"]);
  const { oldest_record_to_delete, newest_record_to_delete, cutoff_date, ...rest } = at(body, "auth_metrics");
  assert.equal(rest, {
    retention_days: 90,
    records_to_delete: 2,
    total_records: 3,
    percentage_to_delete: 66.67,
  });
  const age = (text: unknown) => {
    assert.match(String(text), ISO);
    return Math.round((before - Date.parse(String(text))) / DAY_MS);
  };
  assert.equal(
    [age(oldest_record_to_delete), age(newest_record_to_delete), age(cutoff_date)],
    [120, 100, 90],
  );
  const all = await admin.send("GET", "/admin/retention/preview");
  assert.equal(Object.keys(all.body), [
    "metrics",
    "auth_metrics",
    "discovery_metrics",
    "tool_metrics",
    "metrics_hourly",
    "metrics_daily",
    "api_key_usage_log",
    "server_metrics",
    "server_metrics_daily",
    "server_events",
    "server_usage",
  ]);
  assert.equal(at(all.body, "metrics").oldest_record_to_delete, null);
});

test("a cleanup of a table is a dry run by default, and then deletes as many as that said", async ({
  admin,
}) => {
  await admin.store("auth_request", 120 * DAY_MS, 100 * DAY_MS, 10 * DAY_MS);
  await admin.store("tool_execution", 120 * DAY_MS);
  const dry = await admin.send("POST", "/admin/retention/cleanup?table_name=auth_metrics");
  assert.type(dry.body.duration_seconds, "number");
  assert.equal(
    { ...dry.body, duration_seconds: 0 },
    {
      table: "auth_metrics",
      status: "dry_run",
      records_would_delete: 2,
      duration_seconds: 0,
      retention_days: 90,
    },
  );
  const parameters = { table_name: "auth_metrics", dry_run: false };
  const real = await admin.send("POST", "/admin/retention/cleanup", parameters);
  assert.equal(
    { ...real.body, duration_seconds: 0 },
    {
      table: "auth_metrics",
      status: "completed",
      records_deleted: 2,
      duration_seconds: 0,
      retention_days: 90,
    },
  );
  const again = await admin.send("POST", "/admin/retention/cleanup", parameters);
  assert.equal([again.body.records_deleted, again.body.reason], [0, "no_records_to_delete"]);
  const left = await admin.send("GET", "/admin/database/stats");
  assert.is(at(left.body, "auth_metrics").record_count, 1);
  assert.is(at(left.body, "tool_metrics").record_count, 1);
});

test("what only looks like a flag starts no cleanup", async ({ admin }) => {
  await admin.store("auth_request", 120 * DAY_MS);
  for (const flag of [[false], [[0]], {}, "", "no", 2]) {
    const { status, body } = await admin.send("POST", "/admin/retention/cleanup", { dry_run: flag });
    assert.equal([status, body.detail], [400, "dry_run must be true or false"], JSON.stringify(flag));
  }
  const left = await admin.send("GET", "/admin/database/stats");
  assert.is(at(left.body, "auth_metrics").record_count, 1);
});

test("a cleanup of all tables sums them up", async ({ admin }) => {
  await admin.store("auth_request", 120 * DAY_MS, 10 * DAY_MS);
  await admin.store("custom", 120 * DAY_MS);
  await admin.send("PUT", "/admin/retention/policies/tool_metrics?is_active=false");
  for (const [isDryRun, name] of [
    [true, "records_would_delete"],
    [false, "records_deleted"],
  ] as const) {
    const { body } = await admin.send("POST", "/admin/retention/cleanup", { dry_run: isDryRun });
    assert.equal(Object.keys(body), [
      "operation",
      "total_records_processed",
      "tables_processed",
      "duration_seconds",
      "started_at",
      "completed_at",
      "table_results",
    ]);
    assert.equal(
      [body.operation, body.total_records_processed, body.tables_processed],
      [isDryRun ? "dry_run" : "cleanup", 2, 10],
    );
    assert.match(String(body.started_at), ISO);
    assert.match(String(body.completed_at), ISO);
    const results = body.table_results as Json;
    assert.equal([at(results, "auth_metrics")[name], at(results, "metrics")[name]], [1, 1]);
    const skipped = { ...at(results, "tool_metrics"), duration_seconds: 0 };
    assert.equal(skipped, {
      table: "tool_metrics",
      status: "skipped",
      [name]: 0,
      duration_seconds: 0,
      retention_days: 90,
      reason: "policy_inactive",
    });
  }
});

test("policies are listed, changed by query or body, and only what is stored is answered", async ({
  admin,
}) => {
  const listed = await admin.send("GET", "/admin/retention/policies");
  assert.equal(at(listed.body, "metrics_hourly"), {
    table_name: "metrics_hourly",
    retention_days: 365,
    is_active: true,
    timestamp_column: "hour_timestamp",
  });
  const changed = await admin.send("PUT", "/admin/retention/policies/metrics?retention_days=30");
  const expected = {
    status: "success",
    message: "Updated retention policy for metrics",
    table_name: "metrics",
    retention_days: 30,
    is_active: true,
  };
  const { untouched, hint, ...policy } = changed.body;
  assert.equal([changed.status, policy], [200, expected]);
  const off = await admin.send("PUT", "/admin/retention/policies/metrics", {
    retention_days: 31,
    is_active: false,
  });
  assert.equal([off.body.retention_days, off.body.is_active], [31, false]);
  const { body } = await admin.send("GET", "/admin/retention/policies");
  assert.equal([at(body, "metrics").retention_days, at(body, "metrics").is_active], [31, false]);
});

test("whoever changes a table over metrics is told of the others, over every door, which stay as they are", async ({
  admin,
}) => {
  const measured = ["metrics", "auth_metrics", "discovery_metrics", "tool_metrics"];
  await admin.send("PUT", "/admin/retention/policies/tool_metrics?retention_days=7&is_active=false");
  for (const table of [...measured, "metrics_hourly", "api_key_usage_log", "server_metrics"]) {
    const { body } = await admin.send("PUT", `/admin/retention/policies/${table}?retention_days=30`);
    const others = measured.includes(table) ? measured.filter((name) => name !== table) : [];
    const untouched = body.untouched as readonly Record<string, unknown>[];
    assert.equal(
      untouched.map(({ table_name }) => table_name),
      others,
      table,
    );
    assert.is("hint" in body, others.length > 0, table);
    if (others.length > 0) assert.match(String(body.hint), "PUT /admin/retention/policies/{table}");
    const { body: policies } = await admin.send("GET", "/admin/retention/policies");
    for (const { table_name, ...rest } of untouched) {
      const { retention_days, is_active } = at(policies, String(table_name));
      assert.equal(rest, { retention_days, is_active }, `${table_name} beside ${table}`);
    }
    for (const { admin: client, name } of admin.clients) {
      const headers = { headers: ADMIN };
      const answer = await client.updateRetentionPolicy({ tableName: table, retentionDays: 30 }, headers);
      assert.equal(
        answer.untouched.map((other) => [other.tableName, other.retentionDays, other.isActive]),
        untouched.map((other) => [other.table_name, other.retention_days, other.is_active]),
        `${table} over ${name}`,
      );
    }
  }
});

test("a query and a body that say the same are one", async ({ admin }) => {
  const path = "/admin/retention/policies/metrics?retention_days=5&is_active=false";
  const answer = await admin.send("PUT", path, { retention_days: 5, is_active: false });
  assert.equal([answer.status, answer.body.retention_days, answer.body.is_active], [200, 5, false]);
});

test("statistics count what SQL shows", async ({ admin }) => {
  await admin.store("auth_request", 5 * DAY_MS, DAY_MS);
  await admin.store("custom", DAY_MS);
  const { body } = await admin.send("GET", "/admin/database/stats");
  const { oldest_record, newest_record, ...rest } = at(body, "auth_metrics");
  assert.equal(rest, {
    record_count: 2,
    has_retention_policy: true,
    retention_days: 90,
    policy_active: true,
  });
  assert.match(String(oldest_record), ISO);
  assert.ok(String(oldest_record) < String(newest_record));
  assert.is(at(body, "metrics").record_count, 3);
  assert.is(at(body, "metrics_hourly").record_count, 3);
  const { record_count, has_retention_policy, retention_days, policy_active } = at(body, "api_keys");
  assert.equal([record_count, has_retention_policy, retention_days, policy_active], [2, false, null, null]);
  assert.is(at(body, "tool_metrics").oldest_record, null);
});

test("the size adds up", async ({ admin }) => {
  const { body } = await admin.send("GET", "/admin/database/size");
  const size = body as Record<string, number>;
  assert.equal(Object.keys(size), [
    "main_db_bytes",
    "main_db_mb",
    "wal_bytes",
    "wal_mb",
    "total_bytes",
    "total_mb",
    "total_gb",
    "page_count",
    "page_size",
    "free_pages",
    "used_pages",
    "database_efficiency",
  ]);
  assert.is(size.total_bytes, (size.main_db_bytes ?? 0) + (size.wal_bytes ?? 0));
  assert.ok((size.total_bytes ?? 0) > 0);
  assert.is(size.used_pages, (size.page_count ?? 0) - (size.free_pages ?? 0));
  assert.is(size.total_mb, Number(((size.total_bytes ?? 0) / 1024 / 1024).toFixed(2)));
  assert.ok((size.database_efficiency ?? 0) > 0 && (size.database_efficiency ?? 0) <= 100);
});

test("administration is counted by its route, not by the table in the path", async ({ admin }) => {
  await admin.send("PUT", "/admin/retention/policies/metrics?retention_days=30");
  await admin.send("PUT", "/admin/retention/policies/nonsense?retention_days=30");
  const exposition = await (await fetch(admin.service.prometheusUrl)).text();
  assert.match(
    exposition,
    /http_requests_total\{method="PUT",endpoint="\/admin\/retention\/policies\/\{table\}",status="200"\} 1/,
  );
  assert.not.match(exposition, /endpoint="[^"]*(nonsense|policies\/metrics)/);
  assert.match(exposition, /retention_records_deleted 0/);
});

test("the service says where its administration is, and a writer's key may not enter", async ({ admin }) => {
  const { body } = await admin.send("GET", "/");
  assert.is((body.endpoints as Json).admin, "/admin");
  for (const path of ["/admin/retention/preview", "/admin/database/stats"]) {
    assert.is((await admin.send("GET", path, undefined, { "x-api-key": WRITER_KEY })).status, 403);
    assert.is((await admin.send("GET", path, undefined, {})).status, 401);
  }
});

test.run();
