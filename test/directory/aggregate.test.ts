import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN } from "../support/http.ts";
import { readRows } from "../support/sql.ts";
import { AGGREGATE, type DirectoryContext, openDirectory } from "./directory-service.ts";

const test = suite<DirectoryContext>("Aggregate");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const metric = { name: "response_time", value: 120.5, type: "gauge" };

test("a day is aggregated again and again alike, and retentionDays becomes the policy", async (context) => {
  const { id, key } = await context.register("aggregated");
  await context.rpc.collect(
    { serverId: id, metrics: [metric, { ...metric, value: 3 }] },
    { headers: { ...key } },
  );
  const days = () =>
    readRows(context.service.databasePath, "SELECT * FROM server_metrics_daily WHERE server_id = ?", id);
  const [before] = days();
  assert.equal(
    [before?.count_value, before?.min_value, before?.max_value, before?.sum_value],
    [2, 3, 120.5, 123.5],
  );
  const date = new Date().toISOString().slice(0, 10);
  const send = (body: object) => context.send("POST", AGGREGATE, ADMIN, body);
  const first = await send({ date });
  assert.equal(Object.keys(first.body), ["success", "date", "metrics_aggregated", "retention_days"]);
  assert.equal([first.body.date, first.body.retention_days], [date, 30]);
  assert.equal((await send({ date, retentionDays: 45 })).body, { ...first.body, retention_days: 45 });
  const [after] = days();
  assert.equal({ ...after, updated_at: "" }, { ...before, updated_at: "" });
  const policies = await context.send("GET", "/admin/retention/policies", ADMIN);
  assert.is((policies.body.server_metrics as Record<string, unknown>).retention_days, 45);
  for (const retentionDays of [0, 1.5, "30", 40_000]) assert.is((await send({ retentionDays })).status, 422);
  const get = await context.send("GET", AGGREGATE, ADMIN);
  assert.equal([get.status, get.body.error], [405, "Method not allowed"]);
});

test("an aggregation that is rejected for its day leaves the policy as it is", async (context) => {
  const { id, key } = await context.register("long-ago");
  const longAgo = new Date(Date.now() - 100 * 86_400_000).toISOString();
  const metrics = [{ name: "old", value: 1, type: "gauge", timestamp: longAgo }];
  await context.send("POST", `/functions/v1/metrics-collect/${id}`, key, { metrics });
  await context.send("POST", "/admin/retention/cleanup", ADMIN, {
    table_name: "server_metrics",
    dry_run: false,
  });
  const daysKept = async () => {
    const { body } = await context.send("GET", "/admin/retention/policies", ADMIN);
    return (body.server_metrics as Record<string, unknown>).retention_days;
  };
  const before = await daysKept();
  const request = { date: longAgo.slice(0, 10), retentionDays: 77 };
  const { status, body } = await context.send("POST", AGGREGATE, ADMIN, request);
  assert.is(status, 422);
  assert.match(String(body.error), /have been deleted/);
  assert.is(await daysKept(), before);
});

test.run();
