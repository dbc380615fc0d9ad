/** Daily and monthly quotas: exact, the same through every door, and kept over restarts and rotations. */
import { Code } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { openDoors } from "../support/doors.ts";
import { NEW_KEY, startTestService, type TestService } from "../support/service.ts";
import { GOOD_METRIC } from "./door-case.ts";
import { createUsageClock, dailyUsage } from "./usage-records.ts";

const submission = { service: "test", metrics: [GOOD_METRIC] };
const BAD = { service: "", metrics: [] };
const NOON = Date.UTC(2026, 0, 30, 12);

interface World extends TestService {
  readonly clock: ReturnType<typeof createUsageClock>;
  readonly doors: ReturnType<typeof openDoors>;
}

async function within(
  databasePath: string,
  work: (world: World) => Promise<void>,
  nowMs = NOON,
): Promise<void> {
  const clock = createUsageClock(nowMs);
  const service = await startTestService({ SQLITE_DB_PATH: databasePath }, clock);
  const doors = openDoors(service.url);
  try {
    await work({ ...service, clock, doors });
  } finally {
    for (const door of doors) door.close();
    await service.close();
  }
}

/** So many submits, through one door after the other; how many were taken, and why the others were not. */
async function send({ doors }: World, key: string, count: number) {
  const calls = Array.from({ length: count }, (_, at) =>
    doors[at % doors.length]?.submit(submission, { "x-api-key": key }),
  );
  const failures = (await Promise.all(calls)).map((outcome) => outcome?.failure);
  return {
    taken: failures.filter((failure) => failure === undefined).length,
    reasons: [...new Set(failures.filter((failure) => failure !== undefined))],
  };
}

const PERIODS = [
  {
    name: "daily",
    limits: { dailyUsageLimit: 9, monthlyUsageLimit: 9000 },
    reason: "daily_limit_exceeded",
    message: "Daily usage limit exceeded. Limit: 9 requests/day (UTC)",
    seconds: 12 * 3600,
  },
  {
    name: "monthly",
    limits: { monthlyUsageLimit: 9 },
    reason: "monthly_limit_exceeded",
    message: "Monthly usage limit exceeded. Limit: 9 requests/month (UTC)",
    seconds: 36 * 3600,
  },
] as const;

for (const { name, limits, reason, message, seconds } of PERIODS) {
  test(`request limit + 1 is rejected through every protocol, and the ${name} quota is back when the answer said`, () =>
    within(temporaryPath(), async (world) => {
      const { clock, doors, service, databasePath } = world;
      const { record, secret } = await service.keys.create({ ...NEW_KEY, ...limits });
      const headers = { "x-api-key": secret };
      for (const [at, door] of doors.entries()) {
        // What is refused for its content has taken a token all the same.
        const { failure } = await door.submit(at === 0 ? BAD : submission, headers);
        assert.is(failure, at === 0 ? "validation_failed" : undefined, door.name);
      }
      for (const door of doors) {
        const refused = await door.submit(submission, headers);
        assert.is(refused.failure, reason, door.name);
        assert.is(refused.message, message);
        if (door.protocol === "REST") assert.is(refused.httpStatus, 429);
        else assert.is(refused.code, Code.ResourceExhausted);
        assert.is(refused.retryAfterSeconds, seconds, door.name);
        assert.is(refused.headers.get("retry-after"), String(seconds));
        assert.is(refused.headers.get("x-ratelimit-limit"), "1000000");
      }
      const status = await fetch(`${world.url}/rate-limit`, { headers });
      assert.is(status.status, 200, "what costs no token is answered");
      clock.nowMs += seconds * 1000 - 1;
      assert.equal(await send(world, secret, 9), { taken: 0, reasons: [reason] });
      clock.nowMs += 1;
      assert.is((await send(world, secret, 20)).taken, 9);
      await clock.flushUsage();
      const days =
        name === "daily" ? { "2026-01-30": 9, "2026-01-31": 9 } : { "2026-01-30": 9, "2026-02-01": 9 };
      assert.equal(dailyUsage(databasePath, record.id), days);
    }));
}

test("requests that come at once get the limit and not one more, and rejections by rate do not count", () =>
  within(temporaryPath(), async (world) => {
    const { service, clock, databasePath } = world;
    const limits = { dailyUsageLimit: 50, rateLimit: 30 };
    const { record, secret } = await service.keys.create({ ...NEW_KEY, ...limits });
    assert.equal(await send(world, secret, 90), { taken: 30, reasons: ["rate_limited"] });
    await clock.flushUsage();
    assert.equal(dailyUsage(databasePath, record.id), { "2026-01-30": 30 });
    const unlimited = await service.keys.create({ ...NEW_KEY, dailyUsageLimit: 50 });
    assert.equal(await send(world, unlimited.secret, 90), { taken: 50, reasons: ["daily_limit_exceeded"] });
    const other = await service.keys.create(NEW_KEY);
    assert.is((await send(world, other.secret, 90)).taken, 90, "another key has no limit");
  }));

test("a quota survives a restart, of days before too", async () => {
  const path = temporaryPath();
  let secret = "";
  await within(path, async (world) => {
    const limits = { dailyUsageLimit: 5, monthlyUsageLimit: 12 };
    ({ secret } = await world.service.keys.create({ ...NEW_KEY, ...limits }));
    assert.is((await send(world, secret, 9)).taken, 5);
    world.clock.nowMs += 86_400_000;
    assert.is((await send(world, secret, 3)).taken, 3);
  });
  const later = NOON + 86_400_000;
  await within(
    path,
    async (world) => {
      assert.equal(await send(world, secret, 9), { taken: 2, reasons: ["daily_limit_exceeded"] });
    },
    later,
  );
  // A clock that went back by a day finds that day used up.
  await within(path, async (world) => assert.is((await send(world, secret, 9)).taken, 0));
  await within(
    path,
    async (world) => assert.is((await send(world, secret, 9)).taken, 5),
    Date.UTC(2026, 1, 1),
  );
});

test("rotating a key renews no quota, before a restart and after", async () => {
  const path = temporaryPath();
  let secret = "";
  await within(path, async (world) => {
    const old = await world.service.keys.create({ ...NEW_KEY, dailyUsageLimit: 5, monthlyUsageLimit: 6 });
    assert.is((await send(world, old.secret, 2)).taken, 2);
    const rotated = await world.service.keys.rotate(old.record.id, 60);
    assert.equal([rotated.record.dailyUsageLimit, rotated.record.monthlyUsageLimit], [5, 6]);
    assert.equal(await send(world, rotated.secret, 9), { taken: 3, reasons: ["daily_limit_exceeded"] });
    ({ secret } = await world.service.keys.rotate(rotated.record.id, 0));
    assert.is((await send(world, secret, 1)).taken, 0);
  });
  await within(path, async (world) => {
    assert.is((await send(world, secret, 9)).taken, 0);
    world.clock.nowMs += 86_400_000;
    assert.equal(await send(world, secret, 9), { taken: 1, reasons: ["monthly_limit_exceeded"] });
  });
});

test.run();
