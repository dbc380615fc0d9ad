import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { KeyRegistry } from "../../src/access/key-registry.ts";
import { SERVICE_ITSELF } from "../../src/api/admin/audit.ts";
import {
  type CreateKeyInput,
  createKeyAdministration,
  OVERLAP_SECONDS_MAX,
} from "../../src/api/admin/keys.ts";
import { ServiceError } from "../../src/errors.ts";
import type { AuditTrace } from "../../src/store/audit.ts";
import type { ApiKeyRecord } from "../../src/store/keys.ts";
import { TestClock } from "../support/time.ts";

const INPUT: CreateKeyInput = {
  service: "auth",
  role: "writer",
  rateLimit: undefined,
  allowedServices: [],
  expiresMs: undefined,
  description: "",
};

const traceOf = (action: string, target: string): AuditTrace => {
  const { apiKeyId, service: actor } = SERVICE_ITSELF;
  return { timestampMs: 0, apiKeyId, actor, action, target, details: {} };
};

/** Administration over a store in memory. */
function setup({ defaultRateLimit = 77 } = {}) {
  const clock = new TestClock();
  const keyRegistry = new KeyRegistry(clock, []);
  const records: ApiKeyRecord[] = [];
  const change = (id: number, changes: Partial<ApiKeyRecord>): ApiKeyRecord => {
    const old = records[id - 1];
    if (old === undefined) throw new ServiceError("not_found", `no API key ${id}`);
    const changed = { ...old, ...changes };
    records[id - 1] = changed;
    return changed;
  };
  const keysOf = createKeyAdministration({
    clock,
    defaultRateLimit,
    keyRegistry,
    audit: { transacted: (_actor, { action, target }, work) => work(traceOf(action, target)) },
    store: {
      list: async () => records,
      async create(key, createdMs) {
        const unused = { usageCount: 0, lastUsedMs: undefined };
        const record = { ...key, ...unused, id: records.length + 1, isActive: true, createdMs };
        records.push(record);
        return record;
      },
      revoke: async (id) => change(id, { isActive: false }),
      update: async (id) => change(id, {}),
      async rotate({ id, keyHash, oldExpiresMs, nowMs }) {
        const old = change(id, { expiresMs: oldExpiresMs });
        const replacement = {
          ...old,
          id: records.length + 1,
          keyHash,
          expiresMs: undefined,
          createdMs: nowMs,
        };
        records.push(replacement);
        return { old, replacement };
      },
    },
  });
  return { clock, keyRegistry, records, administration: keysOf(SERVICE_ITSELF) };
}

test("a new key is in force at once, and only its hash is kept", async () => {
  const { administration, keyRegistry, records } = setup();
  const { record, secret } = await administration.create({ ...INPUT, description: "gateway" });
  assert.is(keyRegistry.find(secret)?.record, record);
  assert.equal([record.keyHash, record.rateLimit], [hashKey(secret), 77]);
  assert.not.ok(JSON.stringify(records).includes(secret));
});

test("a revoked key is out of force at once", async () => {
  const { administration, keyRegistry } = setup();
  const { record, secret } = await administration.create(INPUT);
  await administration.revoke(record.id);
  assert.is(keyRegistry.find(secret)?.record.isActive, false);
});

test("a rotated key works on for its overlap and no longer, beside the new one", async () => {
  const { administration, keyRegistry, clock } = setup();
  const old = await administration.create(INPUT);
  const { secret } = await administration.rotate(old.record.id, 60);
  const isExpired = (key: string) => {
    const entry = keyRegistry.find(key);
    return entry === undefined || keyRegistry.isExpired(entry);
  };
  clock.advance(59_999);
  assert.equal([isExpired(old.secret), isExpired(secret)], [false, false]);
  clock.advance(1);
  assert.equal([isExpired(old.secret), isExpired(secret)], [true, false]);
});

test("without overlap a rotated key ends at once", async () => {
  const { administration, keyRegistry } = setup();
  const old = await administration.create(INPUT);
  await administration.rotate(old.record.id, 0);
  const entry = keyRegistry.find(old.secret);
  assert.ok(entry !== undefined && keyRegistry.isExpired(entry));
});

const REFUSED: readonly { name: string; input: Partial<CreateKeyInput>; field: string }[] = [
  { name: "no service", input: { service: "" }, field: "service" },
  { name: "a service with a newline", input: { service: "auth\n" }, field: "service" },
  { name: "a long service", input: { service: "a".repeat(101) }, field: "service" },
  { name: "a limit of 0", input: { rateLimit: 0 }, field: "rate_limit" },
  { name: "half a request a minute", input: { rateLimit: 0.5 }, field: "rate_limit" },
  { name: "a limit that is no number", input: { rateLimit: Number.NaN }, field: "rate_limit" },
  { name: "a limit over a million", input: { rateLimit: 1_000_001 }, field: "rate_limit" },
  { name: "a daily limit of 0", input: { dailyUsageLimit: 0 }, field: "daily_usage_limit" },
  { name: "a daily limit over 1e12", input: { dailyUsageLimit: 1e12 + 1 }, field: "daily_usage_limit" },
  { name: "half a request a month", input: { monthlyUsageLimit: 0.5 }, field: "monthly_usage_limit" },
  { name: "a monthly limit below 0", input: { monthlyUsageLimit: -1 }, field: "monthly_usage_limit" },
  { name: "an empty glob", input: { allowedServices: [""] }, field: "allowed_services" },
  { name: "a regular expression", input: { allowedServices: ["a.+"] }, field: "allowed_services" },
  { name: "101 globs", input: { allowedServices: new Array(101).fill("a") }, field: "allowed_services" },
  { name: "an expiry now", input: { expiresMs: Date.UTC(2026, 0, 1) }, field: "expires_at" },
  { name: "an expiry that is no time", input: { expiresMs: Number.NaN }, field: "expires_at" },
  { name: "a long description", input: { description: "\u{1f600}".repeat(201) }, field: "description" },
  { name: "a description with a newline", input: { description: "a\nb" }, field: "description" },
];

for (const { name, input, field } of REFUSED) {
  test(`a key with ${name} is rejected, and nothing is stored`, async () => {
    const { administration, records } = setup();
    const error = await administration.create({ ...INPUT, ...input }).catch((reason: unknown) => reason);
    assert.ok(error instanceof ServiceError && error.reason === "validation_failed");
    assert.equal(
      error.violations.map((violation) => violation.field),
      [field],
    );
    assert.is(records.length, 0);
  });
}

test("the largest values that are allowed are taken", async () => {
  const { administration, clock } = setup();
  const { record } = await administration.create({
    ...INPUT,
    service: "a".repeat(100),
    rateLimit: 1_000_000,
    allowedServices: new Array(100).fill("*"),
    expiresMs: clock.wallMs() + 1,
    description: "\u{1f600}".repeat(200),
    dailyUsageLimit: 1e12,
    monthlyUsageLimit: 1e12,
  });
  assert.is(record.id, 1);
});

test("a key without a limit gets the operator's default, also one that nobody may ask for", async () => {
  const { record } = await setup({ defaultRateLimit: 5_000_000 }).administration.create(INPUT);
  assert.is(record.rateLimit, 5_000_000);
});

test("an overlap outside 0 to 90 days is rejected before anything changes", async () => {
  const { administration, records } = setup();
  const { record } = await administration.create(INPUT);
  for (const overlap of [-1, OVERLAP_SECONDS_MAX + 1, Number.NaN, Infinity]) {
    const error = await administration.rotate(record.id, overlap).catch((reason: unknown) => reason);
    assert.is((error as ServiceError).reason, "validation_failed");
  }
  assert.equal(records, [record]);
});

test("changing a key that does not exist says so", async () => {
  const { administration } = setup();
  for (const change of [administration.revoke(9), administration.rotate(9, 0)])
    assert.is(((await change.catch((reason: unknown) => reason)) as ServiceError).reason, "not_found");
});

test.run();
