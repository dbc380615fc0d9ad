import { timestampMs } from "@bufbuild/protobuf/wkt";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KeyRole } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { ADMIN } from "../support/http.ts";
import { readRows } from "../support/sql.ts";
import { openAdmin } from "./administered-service.ts";

const test = suite<{ admin: Awaited<ReturnType<typeof openAdmin>> }>("audit");

test.before.each(async (context) => {
  context.admin = await openAdmin();
});
test.after.each(({ admin }) => admin.close());

const headers = { headers: ADMIN };

/** One client of AdminService; which protocol it speaks makes no difference here. */
function clientOf(admin: Awaited<ReturnType<typeof openAdmin>>) {
  const [first] = admin.clients;
  if (first === undefined) throw new Error("no client");
  return first.admin;
}

test("every act is a row and a log line that say who did what to what, and how it ended", async ({
  admin,
}) => {
  const client = clientOf(admin);
  const before = Date.now();
  const { key, secret } = await client.createKey({ service: "gateway", role: KeyRole.WRITER }, headers);
  const rotated = await client.rotateKey({ id: key?.id ?? 0n }, headers);
  await client.revokeKey({ id: rotated.key?.id ?? 0n }, headers);
  await client.revokeKey({ id: 999n }, headers).catch(() => {});
  await admin.send("PUT", "/admin/retention/policies/metrics?retention_days=30");
  await admin.send("PUT", "/admin/retention/policies/metrics?retention_days=0");
  await admin.send("PUT", "/admin/retention/policies/nope?retention_days=1");
  await admin.send("POST", "/admin/retention/cleanup?dry_run=false");
  // Changes nothing.
  await admin.send("POST", "/admin/retention/cleanup");

  const { entries } = await client.listAuditEntries({}, headers);
  const story = [
    ["key.create", "gateway", "ok"],
    ["key.rotate", `key ${key?.id}`, "ok"],
    ["key.revoke", `key ${rotated.key?.id}`, "ok"],
    ["key.revoke", "key 999", "not_found"],
    ["retention.set_policy", "metrics", "ok"],
    ["retention.set_policy", "metrics", "validation_failed"],
    ["retention.set_policy", "nope", "malformed_body"],
    ["retention.run", "all tables", "ok"],
  ];
  const told = entries.toReversed();
  assert.equal(
    told.map(({ action, target, outcome }) => [action, target, outcome]),
    story,
  );
  for (const { actor, apiKeyId, timestamp } of entries) {
    assert.is(actor, "admin");
    assert.ok(apiKeyId > 0n);
    assert.ok(timestamp && timestampMs(timestamp) >= before && timestampMs(timestamp) <= Date.now());
  }
  const details = told.map((entry) => JSON.parse(entry.details) as Record<string, unknown>);
  assert.is(details[0]?.id, Number(key?.id));
  const shown = (text: string) => text.slice(12, 20);
  assert.equal([key?.prefix, rotated.key?.prefix], [shown(secret), shown(rotated.secret)]);
  const names = { service: "gateway", role: "writer" };
  assert.equal([details[0]?.prefix, details[1]?.prefix], [shown(secret), shown(secret)]);
  assert.equal(
    [details[1]?.new_id, details[1]?.new_prefix],
    [Number(rotated.key?.id), shown(rotated.secret)],
  );
  assert.equal(details[2], { ...names, prefix: shown(rotated.secret) });
  assert.is(details[4]?.retention_days, 30);
  assert.is(details[7]?.metrics, 0);

  const lines = admin.service.logs.filter(({ logger }) => logger === "audit");
  assert.equal(
    lines.map(({ action, target, outcome }) => [action, target, outcome]),
    story,
  );
  const logged = lines.map((line) => JSON.parse(String(line.details)) as Record<string, unknown>);
  assert.equal([logged[0]?.id, logged[0]?.prefix], [Number(key?.id), shown(secret)]);
  assert.equal([logged[1]?.id, logged[1]?.prefix], [Number(rotated.key?.id), shown(rotated.secret)]);
  assert.equal(logged[2], { id: Number(rotated.key?.id), ...names, prefix: shown(rotated.secret) });
  for (const { key_id, key_role } of lines) assert.ok(Number(key_id) > 0 && key_role === "admin");
  for (const text of [JSON.stringify(lines), JSON.stringify(details)]) {
    assert.not.ok(text.includes(secret) || text.includes(rotated.secret));
  }
});

test("a backup is an act, and so is one that was rejected", async ({ admin }) => {
  const client = clientOf(admin);
  const path = `${admin.service.databasePath}.backup`;
  const { bytes } = await client.backup({ path }, headers);
  await client.backup({ path: "nowhere" }, headers).catch(() => {});
  const { entries } = await client.listAuditEntries({}, headers);
  assert.equal(
    entries.map(({ action, target, outcome }) => [action, target, outcome]),
    [
      ["backup", "nowhere", "validation_failed"],
      ["backup", path, "ok"],
    ],
  );
  assert.equal(JSON.parse(entries[1]?.details ?? ""), { bytes: Number(bytes) });
});

test("somebody with a SQLite shell reads the same", async ({ admin }) => {
  await clientOf(admin).createKey({ service: "gateway", role: KeyRole.WRITER }, headers);
  const [row] = readRows(admin.service.databasePath, "SELECT * FROM admin_audit_log");
  assert.equal(
    [row?.actor, row?.action, row?.target, row?.outcome],
    ["admin", "key.create", "gateway", "ok"],
  );
  assert.match(String(row?.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("the trail comes in pages, newest first", async ({ admin }) => {
  const client = clientOf(admin);
  for (const service of ["a", "b", "c"]) await client.createKey({ service, role: KeyRole.WRITER }, headers);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await client.listAuditEntries({ pageSize: 2, pageToken }, headers);
    seen.push(...page.entries.map(({ target }) => target));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  assert.equal(seen, ["c", "b", "a"]);
});

test.run();
