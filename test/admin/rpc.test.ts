import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RetentionStatus } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { DAY_MS } from "../../src/lib/time.ts";
import { ADMIN } from "../support/http.ts";
import { openAdmin } from "./administered-service.ts";

const test = suite<{ admin: Awaited<ReturnType<typeof openAdmin>> }>("administration over RPC");

test.before(async (context) => {
  context.admin = await openAdmin();
});
test.after(({ admin }) => admin.close());

const headers = { headers: ADMIN };

test("every protocol changes a policy, previews and runs a cleanup", async ({ admin }) => {
  for (const [index, { name, admin: client }] of admin.clients.entries()) {
    const retentionDays = 20 + index;
    await admin.store("auth_request", (retentionDays + 1) * DAY_MS, (retentionDays - 1) * DAY_MS);
    const { policy } = await client.updateRetentionPolicy(
      { tableName: "auth_metrics", retentionDays },
      headers,
    );
    assert.equal([policy?.retentionDays, policy?.isActive], [retentionDays, true], name);
    const { policies } = await client.listRetentionPolicies({}, headers);
    assert.is(
      policies.find(({ tableName }) => tableName === "auth_metrics")?.retentionDays,
      retentionDays,
      name,
    );

    const { previews } = await client.previewRetention({ tableName: "auth_metrics" }, headers);
    const [preview] = previews;
    assert.ok(preview?.cutoffDate && preview.oldestRecordToDelete && preview.newestRecordToDelete, name);
    assert.ok((preview?.recordsToDelete ?? 0n) >= 1n, name);
    assert.ok(timestampMs(preview.newestRecordToDelete) < timestampMs(preview.cutoffDate), name);

    const counted = await client.runRetention({ tableName: "auth_metrics" }, headers);
    assert.is(counted.dryRun, true, name);
    const run = await client.runRetention({ dryRun: false }, headers);
    const result = run.results.find(({ tableName }) => tableName === "auth_metrics");
    assert.is(result?.status, RetentionStatus.COMPLETED, name);
    assert.is(result?.records, preview.recordsToDelete, name);
    assert.equal([run.totalRecordsProcessed, run.tablesProcessed], [preview.recordsToDelete, 11], name);
  }
});

test("statistics and size are those of REST", async ({ admin }) => {
  const [first] = admin.clients;
  const { tables } = (await first?.admin.getDatabaseStats({}, headers)) ?? { tables: [] };
  const rest = (await admin.send("GET", "/admin/database/stats")).body;
  assert.equal(
    tables.map(({ tableName }) => tableName),
    Object.keys(rest),
  );
  const keys = tables.find(({ tableName }) => tableName === "api_keys");
  assert.equal(
    [keys?.hasRetentionPolicy, keys?.retentionDays, keys?.policyActive],
    [false, undefined, undefined],
  );
  const size = await first?.admin.getDatabaseSize({}, headers);
  assert.is(size?.totalBytes, (size?.mainDbBytes ?? 0n) + (size?.walBytes ?? 0n));
});

test("an unknown table and days out of range are INVALID_ARGUMENT", async ({ admin }) => {
  for (const { name, admin: client } of admin.clients) {
    for (const call of [
      client.previewRetention({ tableName: "nope" }, headers),
      client.updateRetentionPolicy({ tableName: "metrics", retentionDays: 0 }, headers),
      client.updateRetentionPolicy({ tableName: "metrics" }, headers),
    ]) {
      const error = await call.catch((reason: unknown) => reason);
      assert.is(ConnectError.from(error).code, 3, name);
    }
  }
});

test.run();
