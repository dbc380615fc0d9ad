import { test } from "uvu";
import * as assert from "uvu/assert";
import { FailedAttempts } from "../../src/access/failed-attempts.ts";
import { ServiceError } from "../../src/errors.ts";
import { TestClock } from "../support/time.ts";
import { KEY, setup } from "./admission-setup.ts";

const WRONG = new ServiceError("api_key_invalid", "Invalid API key");

function attempts(limitPerMinute: number) {
  const clock = new TestClock();
  const reports: [number, string][] = [];
  const onLimited = (refused: number, network: string) => void reports.push([refused, network]);
  const failed = new FailedAttempts({ clock, limitPerMinute, onLimited });
  /** The reasons of so many failures in a row. */
  const fail = (address: string | undefined, times = 1) =>
    Array.from({ length: times }, () => failed.count(WRONG, address).reason);
  return { clock, reports, failed, fail };
}

function times(reason: string, length: number): string[] {
  return Array<string>(length).fill(reason);
}

test("an address may be wrong so often a minute, and then has to wait for each further time", () => {
  const { clock, failed, fail } = attempts(20);
  assert.equal(fail("192.0.2.1", 22), [...times("api_key_invalid", 20), ...times("rate_limited", 2)]);
  const refusal = failed.count(WRONG, "192.0.2.1");
  assert.is(refusal.retryAfterSeconds, 3);
  assert.is(refusal.message, "Invalid API key. Too many failed authentications. Limit: 20/minute");
  clock.advance(3_000);
  assert.equal(fail("192.0.2.1", 2), ["api_key_invalid", "rate_limited"]);
  clock.advance(60_000);
  assert.equal(fail("192.0.2.1", 20), times("api_key_invalid", 20));
});

test("an address that is rejected takes nothing from another", () => {
  const { fail } = attempts(1);
  assert.equal(fail("192.0.2.1", 2), ["api_key_invalid", "rate_limited"]);
  assert.equal(fail("192.0.2.2"), ["api_key_invalid"]);
  assert.equal(fail("2001:db8::1"), ["api_key_invalid"]);
  assert.equal(fail(undefined), ["api_key_invalid"], "who has left");
});

const NETWORKS = [
  { one: "2001:db8::1", other: "2001:db8::ffff", isSame: true },
  { one: "2001:db8:0:1::1", other: "2001:db8:0:1:2:3:4:5", isSame: true },
  { one: "2001:db8:0:1::1", other: "2001:db8:0:2::1", isSame: false },
  { one: "::1", other: "::2", isSame: true },
  { one: "1::", other: "1:0:0:0:2::", isSame: true },
  { one: "1::", other: "2::", isSame: false },
];

for (const { one, other, isSame } of NETWORKS) {
  test(`${one} and ${other} are ${isSame ? "one subscriber" : "two subscribers"}`, () => {
    const { fail } = attempts(1);
    fail(one);
    assert.equal(fail(other), [isSame ? "rate_limited" : "api_key_invalid"]);
  });
}

test("a flood of addresses is bounded: what finds no room shares one bucket, until others are forgotten", () => {
  const { clock, fail } = attempts(2);
  for (let index = 0; index < 10_000; index++) fail(`10.0.${index >> 8}.${index & 255}`);
  assert.equal(fail("192.0.2.1", 2), ["api_key_invalid", "api_key_invalid"]);
  assert.equal(fail("192.0.2.2"), ["rate_limited"]);
  clock.advance(60_000);
  assert.equal(fail("192.0.2.2", 3), ["api_key_invalid", "api_key_invalid", "rate_limited"]);
  assert.equal(fail("192.0.2.3"), ["api_key_invalid"]);
});

test("rejections are reported once a minute, with their number and the network, never with an address", () => {
  const { clock, reports, fail } = attempts(1);
  fail("192.0.2.1", 5);
  assert.equal(reports, [[1, "192.0.0.0/16"]]);
  clock.advance(60_000);
  fail("2001:db8::2", 3);
  assert.equal(reports, [
    [1, "192.0.0.0/16"],
    [4, "2001:db8::/32"],
  ]);
  clock.advance(60_000);
  fail(undefined, 2);
  assert.equal(reports.at(-1), [2, "unknown"]);
});

test("valid keys pass from an address that is rejected, and a missing key is no attempt", () => {
  const { admit, reported } = setup();
  for (let index = 0; index < 30; index++) admit("");
  assert.is(admit("wrong").failure?.reason, "api_key_invalid");
  for (let index = 0; index < 30; index++) admit("wrong");
  assert.is(admit("wrong").failure?.reason, "rate_limited");
  assert.is(admit("").failure?.reason, "api_key_missing");
  assert.is(admit(KEY).failure, undefined);
  assert.ok(reported.includes("undefined rate_limited"));
});

test.run();
