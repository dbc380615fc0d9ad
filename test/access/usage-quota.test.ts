import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { KeyRegistry } from "../../src/access/key-registry.ts";
import { QuotaUsage } from "../../src/access/usage-quota.ts";
import { DAY_MS } from "../../src/lib/time.ts";
import { createRecord, KEY, setup } from "./admission-setup.ts";

const at = (text: string) => Date.parse(text);
const NONE = { dailyUsageLimit: undefined, monthlyUsageLimit: undefined };

/** Requests at these instants; how many went through. */
function admitted(usage: QuotaUsage, limits: Partial<typeof LIMITS>, instants: readonly number[]): number {
  const quotas = { ...NONE, ...limits };
  return instants.filter((ms) => {
    if (usage.findExceeded(quotas, ms) !== undefined) return false;
    usage.count(ms);
    return true;
  }).length;
}
const LIMITS = { dailyUsageLimit: 0, monthlyUsageLimit: 0 };
const times = (count: number, text: string) => Array.from({ length: count }, () => at(text));

test("a day gives its limit to the request, and begins anew at midnight UTC to the millisecond", () => {
  const usage = new QuotaUsage();
  const limits = { dailyUsageLimit: 3 };
  assert.is(admitted(usage, limits, times(5, "2026-03-10T00:00:00.000Z")), 3);
  assert.is(admitted(usage, limits, times(5, "2026-03-10T23:59:59.999Z")), 0);
  assert.is(admitted(usage, limits, times(5, "2026-03-11T00:00:00.000Z")), 3);
});

test("a month gives its limit to the request, over all its days, and begins anew on the first", () => {
  const usage = new QuotaUsage();
  const limits = { dailyUsageLimit: 3, monthlyUsageLimit: 5 };
  assert.is(admitted(usage, limits, times(5, "2028-02-28T12:00:00Z")), 3);
  assert.is(admitted(usage, limits, times(5, "2028-02-29T23:59:59.999Z")), 2);
  assert.is(admitted(usage, limits, times(5, "2028-03-01T00:00:00.000Z")), 3);
});

test("a rejection says which limit and how long it lasts; of both, the longer one", () => {
  const usage = new QuotaUsage();
  for (const ms of times(2, "2026-12-30T23:00:00Z")) usage.count(ms);
  const now = at("2026-12-30T23:00:00.250Z");
  const find = (limits: Partial<typeof LIMITS>) => usage.findExceeded({ ...NONE, ...limits }, now);
  const daily = { reason: "daily_limit_exceeded", limit: 2, resetMs: 3_599_750 };
  assert.equal(find({ dailyUsageLimit: 2 }), daily);
  const monthly = { reason: "monthly_limit_exceeded", limit: 2, resetMs: 3_599_750 + DAY_MS };
  assert.equal(find({ dailyUsageLimit: 1, monthlyUsageLimit: 2 }), monthly);
  assert.equal(find({ dailyUsageLimit: 2, monthlyUsageLimit: 3 }), daily);
  assert.is(find({ dailyUsageLimit: 3, monthlyUsageLimit: 3 }), undefined);
  assert.is(find({}), undefined);
});

test("a clock that goes back gives no day twice, and one that was ahead has used up none", () => {
  const usage = new QuotaUsage();
  const limits = { dailyUsageLimit: 2, monthlyUsageLimit: 5 };
  assert.is(admitted(usage, limits, times(1, "2026-06-30T23:59:00Z")), 1);
  assert.is(admitted(usage, limits, times(3, "2027-01-01T00:00:00Z")), 2);
  assert.is(admitted(usage, limits, times(3, "2026-06-30T23:59:30Z")), 1);
  assert.is(admitted(usage, limits, times(3, "2026-07-01T00:00:00Z")), 2);
  assert.is(admitted(usage, limits, times(3, "2026-06-30T23:59:59Z")), 0);
  assert.is(admitted(usage, limits, times(3, "2027-01-01T12:00:00Z")), 0);
});

test("whatever the clock does, no day and no month gets more than its limit, and nothing less", () => {
  const start = at("2026-01-25T00:00:00Z");
  const instants = fc.array(fc.integer({ min: 0, max: 40 * DAY_MS - 1 }), { maxLength: 300 });
  const limits = fc.record({
    dailyUsageLimit: fc.integer({ min: 1, max: 5 }),
    monthlyUsageLimit: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(instants, limits, (offsets, { dailyUsageLimit, monthlyUsageLimit }) => {
      const usage = new QuotaUsage();
      const counts = new Map<string, number>();
      for (const ms of offsets.map((offset) => start + offset)) {
        const [day, month] = [10, 7].map((length) => new Date(ms).toISOString().slice(0, length));
        const used = (period = "") => counts.get(period) ?? 0;
        const expected = used(day) < dailyUsageLimit && used(month) < monthlyUsageLimit;
        assert.is(admitted(usage, { dailyUsageLimit, monthlyUsageLimit }, [ms]), expected ? 1 : 0);
        for (const period of [day, month]) if (expected) counts.set(period ?? "", used(period) + 1);
      }
    }),
  );
});

test("what is not stored is reported until it is, and what came in the meantime stays", () => {
  const usage = new QuotaUsage([[20_000, 7]]);
  assert.equal(usage.unsaved(), []);
  usage.count(20_000 * DAY_MS);
  usage.count(20_001 * DAY_MS);
  const unsaved = usage.unsaved();
  assert.equal(unsaved, [
    [20_000, 8],
    [20_001, 1],
  ]);
  usage.count(20_001 * DAY_MS);
  for (const [day, requests] of unsaved) usage.saved(day, requests);
  assert.equal(usage.unsaved(), [[20_001, 2]]);
});

test("its memory is bounded: the oldest days are forgotten", () => {
  const usage = new QuotaUsage();
  for (let day = 0; day < 1000; day += 1) usage.count((20_000 + day) * DAY_MS);
  assert.ok(usage.unsaved().length < 70);
});

test("only a request that takes a token and gets one counts; rejections of any kind do not", () => {
  const { admit, clock } = setup(createRecord({ rateLimit: 3, dailyUsageLimit: 5 }));
  for (let call = 0; call < 4; call += 1) admit(KEY, { costsToken: false });
  assert.is(admit(KEY, { roles: ["reader"] }).failure?.reason, "permission_denied");
  const reasons = () => Array.from({ length: 4 }, () => admit().failure?.reason);
  assert.equal(reasons(), [undefined, undefined, "rate_limited", "rate_limited"]);
  clock.advance(60_000);
  const daily = "daily_limit_exceeded";
  assert.equal(reasons(), [undefined, undefined, daily, daily]);
  assert.is(admit(KEY, { costsToken: false }).failure, undefined);
});

test("a rejection by quota costs no token, names the limit and says when to come back", () => {
  const { admit, clock, reported } = setup(createRecord({ dailyUsageLimit: 1, monthlyUsageLimit: 2 }));
  clock.advance(13 * 3_600_000);
  admit();
  clock.advance(60_000);
  const daily = admit();
  assert.is(daily.failure?.message, "Daily usage limit exceeded. Limit: 1 requests/day (UTC)");
  assert.is(daily.failure?.retryAfterSeconds, 11 * 3600 - 60);
  assert.is(daily.bucket?.remaining, 60);
  assert.is(daily.apiKeyId, 1);
  assert.is(reported.at(-1), "auth daily_limit_exceeded");
  clock.advance(DAY_MS);
  admit();
  const monthly = admit();
  assert.is(monthly.failure?.message, "Monthly usage limit exceeded. Limit: 2 requests/month (UTC)");
  assert.is(monthly.failure?.retryAfterSeconds, 29 * 86_400 + 11 * 3600 - 60);
});

test("a rotated key begins with what the old one has used, stored or not; a changed one keeps it", () => {
  const { admit, registry } = setup(createRecord({ dailyUsageLimit: 3 }));
  admit();
  registry.put(createRecord({ dailyUsageLimit: 3, description: "changed" }));
  admit();
  const old = createRecord({ dailyUsageLimit: 3 });
  registry.put(createRecord({ key: "new", id: 2, dailyUsageLimit: 3 }), old);
  assert.ok(admit("new").call);
  assert.is(admit("new").failure?.reason, "daily_limit_exceeded");
  assert.ok(admit().call, "the old one counts for itself");
  const day = Date.UTC(2026, 0, 1) / DAY_MS;
  assert.equal(registry.unsavedUsage(), [
    { apiKeyId: 1, day, requestCount: 3 },
    { apiKeyId: 2, day, requestCount: 3 },
  ]);
});

test("keys go on from what is stored; the local key, which is in no table, is not reported", () => {
  const { clock } = setup();
  const day = clock.wallMs() / DAY_MS;
  const records = [createRecord({ monthlyUsageLimit: 3 }), createRecord({ key: "local", id: 0 })];
  const registry = new KeyRegistry(clock, records, [
    { apiKeyId: 1, day, requestCount: 1 },
    { apiKeyId: 1, day: day + 30, requestCount: 1 },
  ]);
  const entries = [KEY, "local"].map((key) => registry.find(key));
  for (const entry of entries) assert.ok(entry && registry.takeToken(entry), hashKey(KEY));
  assert.ok(entries[0] && registry.findExceededQuota(entries[0]));
  assert.equal(registry.unsavedUsage(), [{ apiKeyId: 1, day, requestCount: 2 }]);
});

test.run();
