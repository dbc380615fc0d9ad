import { test } from "uvu";
import * as assert from "uvu/assert";
import { audited, listAudit } from "../../src/sqlite/keys/audit-store.ts";
import { listPolicies, setPolicy } from "../../src/sqlite/retention/policies.ts";
import type { AuditTrace } from "../../src/store/audit.ts";
import { openMigrated } from "./databases.ts";

const TRACE: AuditTrace = {
  timestampMs: Date.UTC(2026, 2, 1, 12),
  apiKeyId: 3,
  actor: "ops",
  action: "retention.set_policy",
  target: "metrics",
  details: { retention_days: 5 },
};

const days = (database: ReturnType<typeof openMigrated>) => listPolicies(database)[0]?.retentionDays;

test("an act and its row are there together, or neither", () => {
  const database = openMigrated();
  const change = { tableName: "metrics", retentionDays: 5, isActive: undefined };
  const act = () => setPolicy(database, change, TRACE.timestampMs);
  const describe = ({ isActive }: ReturnType<typeof act>) => ({ is_active: isActive });
  audited(database, TRACE, act, describe);
  assert.is(days(database), 5);
  const details = { retention_days: 5, is_active: true };
  assert.equal(listAudit(database, undefined, 10), [{ ...TRACE, id: 1, details, outcome: "ok" }]);

  assert.throws(() => audited(database, TRACE, () => setPolicy(database, { ...change, tableName: "x" }, 0)));
  assert.is(listAudit(database, undefined, 10).length, 1);

  database.script("DROP TABLE admin_audit_log");
  const later = () => setPolicy(database, { ...change, retentionDays: 6 }, TRACE.timestampMs);
  assert.throws(() => audited(database, TRACE, later), /no such table/);
  assert.is(days(database), 5, "what cannot be written down is not done");
  database.close();
});

test.run();
