/** One bucket a key, whatever the door, exact to the token, and honest about itself. */

import { createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { systemClock } from "../../src/lib/clock.ts";
import { openDoors, openRestDoors, openRpcDoors } from "../support/doors.ts";
import { ADMIN_KEY, NEW_KEY, startTestService } from "../support/service.ts";
import { GOOD_METRIC } from "./door-case.ts";

/** A clock that stands still until it is moved: tokens come back when the test says so. */
const clock = {
  ...systemClock,
  nowMs: 0,
  isStill: true,
  monotonicMs: () => clock.nowMs + (clock.isStill ? 0 : systemClock.monotonicMs()),
};
const service = await startTestService({}, clock);
const doors = openDoors(service.url);
const restDoors = openRestDoors(service.url);
const rpcDoors = openRpcDoors(service.url);
const submission = { service: "test", metrics: [GOOD_METRIC] };

test.after(async () => {
  // Connections are given time to end by themselves before they are cut.
  clock.isStill = false;
  for (const door of [...doors, ...restDoors, ...rpcDoors]) door.close();
  await service.close();
});

async function keyOf(rateLimit: number): Promise<string> {
  const { secret } = await service.service.keys.create({
    ...NEW_KEY,
    rateLimit,
  });
  return secret;
}

/** `count` calls at once, through one door after the other from `first`; how many were let through. */
async function admitted(key: string, count: number, first = 0): Promise<number> {
  const calls = Array.from({ length: count }, (_, at) =>
    doors[(first + at) % doors.length]?.submit(submission, { "x-api-key": key }),
  );
  const failures = (await Promise.all(calls)).map((outcome) => outcome?.failure);
  assert.ok(failures.every((failure) => failure === undefined || failure === "rate_limited"));
  return failures.filter((failure) => failure === undefined).length;
}

test("all protocols draw on one bucket, and the burst is the limit to the token", async () => {
  const key = await keyOf(60);
  assert.is(await admitted(key, 90), 60);
  assert.is(await admitted(key, 9), 0);
  clock.nowMs += 999;
  assert.is(await admitted(key, 9), 0);
  clock.nowMs += 1;
  assert.is(await admitted(key, 9), 1);
  clock.nowMs += 2500;
  assert.is(await admitted(key, 9), 2);
  clock.nowMs += 500;
  assert.is(await admitted(key, 9), 1, "half a token was kept");
});

test("a client that calls more often than tokens come back still gets all of them", async () => {
  const key = await keyOf(7);
  assert.is(await admitted(key, 9), 7);
  let total = 0;
  for (let round = 0; round < 120; round += 1) {
    clock.nowMs += 5000;
    // By turns: a session that nobody uses for five of these minutes would be closed.
    total += await admitted(key, 1, round);
  }
  assert.is(total, 70, "10 minutes of 7 a minute");
});

test("a bearer is the same caller as an X-API-Key, and another key is another bucket", async () => {
  const [key, other] = [await keyOf(3), await keyOf(3)];
  const [door] = doors;
  assert.is(await admitted(key, 2), 2);
  assert.is((await door?.submit(submission, { authorization: `Bearer ${key}` }))?.failure, undefined);
  assert.is((await door?.submit(submission, { authorization: `Bearer ${key}` }))?.failure, "rate_limited");
  assert.is((await door?.submit(submission, { "X-Api-KEY": key }))?.failure, "rate_limited");
  assert.is(await admitted(other, 9), 3);
});

test("every answer, rejections included, says what is left, and it is true", async () => {
  const key = await keyOf(20);
  const bad = { service: "", metrics: [] };
  for (const [at, door] of [...doors, ...doors].entries()) {
    const outcome = await door.submit(at % 2 === 0 ? submission : bad, { "x-api-key": key });
    const said = ["limit", "remaining", "reset"].map((name) => outcome.headers.get(`x-ratelimit-${name}`));
    assert.equal(said, ["20", String(19 - at), String(3 * (at + 1))], door.name);
  }
  assert.is(await admitted(key, 9), 2);
  for (const door of doors) {
    const { failure, headers, retryAfterSeconds } = await door.submit(submission, { "x-api-key": key });
    assert.is(failure, "rate_limited");
    assert.is(headers.get("x-ratelimit-remaining"), "0");
    assert.is(headers.get("x-ratelimit-reset"), "60");
    assert.is(headers.get("retry-after"), "3");
    assert.is(retryAfterSeconds, 3);
  }
  clock.nowMs += 2999;
  assert.is(await admitted(key, 1), 0);
  clock.nowMs += 1;
  assert.is(await admitted(key, 9), 1, "Retry-After was right");
});

test("asking for the state of the bucket costs nothing and says the same through every protocol", async () => {
  const key = await keyOf(10);
  const headers = { "x-api-key": key };
  const states = async () => {
    const found: unknown[] = [];
    for (const door of restDoors) {
      const { status, text } = await door.send("GET", "/rate-limit", headers);
      assert.is(status, 200);
      found.push(JSON.parse(text));
    }
    for (const { transport } of rpcDoors) {
      const answer = await createClient(MetricsService, transport).rateLimitStatus({}, { headers });
      found.push({
        service: answer.service,
        rate_limit: answer.rateLimit,
        available_tokens: answer.availableTokens,
        reset_time_seconds: answer.resetTimeSeconds,
      });
    }
    return found;
  };
  const state = (available_tokens: number, reset_time_seconds: number) =>
    Array(9).fill({ service: "test", rate_limit: 10, available_tokens, reset_time_seconds });
  assert.equal(await states(), state(10, 0));
  assert.is(await admitted(key, 4), 4);
  assert.equal(await states(), state(6, 24));
  assert.is(await admitted(key, 7), 6);
  assert.equal(await states(), state(0, 60));
});

test("RateLimitStatus says what the key may do", async () => {
  const keys = { writer: await keyOf(10), admin: ADMIN_KEY };
  for (const { transport } of rpcDoors) {
    const client = createClient(MetricsService, transport);
    for (const [role, key] of Object.entries(keys)) {
      assert.is((await client.rateLimitStatus({}, { headers: { "x-api-key": key } })).role, role);
    }
  }
});

test("GET /rate-limit with an invalid key is 401 and not an empty bucket", async () => {
  for (const door of restDoors) {
    const { status, text, headers } = await door.send("GET", "/rate-limit", {
      "x-api-key": "nobody-has-this-key",
    });
    assert.is(status, 401);
    assert.is(JSON.parse(text).error, "api_key_invalid");
    assert.is(headers.get("x-ratelimit-limit"), null);
  }
});

test("a limited caller is rejected before its body is looked at", async () => {
  const key = await keyOf(1);
  assert.is(await admitted(key, 1), 1);
  for (const door of restDoors) {
    const headers = { "x-api-key": key, "content-type": "application/json" };
    assert.is((await door.send("POST", "/metrics", headers, "{")).status, 429);
  }
});

test.run();
