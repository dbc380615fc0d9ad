import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AnonymousRule, createAnonymousAccess } from "../../src/access/anonymous-access.ts";
import { TestClock } from "../support/time.ts";
import { KEY, setup } from "./admission-setup.ts";

const RULE: AnonymousRule = { ifKey: { roles: ["writer"], costsToken: true } };
const REQUEST = { requestNumber: 1, requestId: "req_1" };

function setupAnonymous(limitPerMinute: number) {
  const { admit: admitKey } = setup();
  const clock = new TestClock();
  const admitAnonymous = createAnonymousAccess(({ apiKey }) => admitKey(apiKey), clock, limitPerMinute);
  const admit = (address: string | undefined, apiKey?: string) =>
    admitAnonymous(
      { apiKey, authorization: undefined, session: () => undefined, address: () => address },
      RULE,
      REQUEST,
    );
  return { clock, admit };
}

test("who has a key comes with it, and who has none under a network", () => {
  const { admit } = setupAnonymous(1);
  const known = admit("203.0.113.9", KEY).anonymousCall;
  assert.ok(known?.principal);
  assert.equal(admit("203.0.113.9").anonymousCall, {
    ...REQUEST,
    principal: undefined,
    network: "203.0.0.0/16",
    address: "203.0.113.9",
  });
  assert.is(admit("198.51.100.1", "wrong-key-000000001").failure?.reason, "api_key_invalid");
});

test("a network has so many calls a minute, and then one at a time", () => {
  const { clock, admit } = setupAnonymous(2);
  const reasons = () => [1, 2, 3].map((host) => admit(`203.0.${host}.1`).failure?.reason);
  assert.equal(reasons(), [undefined, undefined, "rate_limited"]);
  assert.is(admit("203.0.9.9").failure?.retryAfterSeconds, 30);
  assert.is(admit("203.1.0.1").failure, undefined);
  assert.is(admit(undefined).failure, undefined, "whose peer has gone");
  clock.advance(30_000);
  assert.equal(reasons(), [undefined, "rate_limited", "rate_limited"]);
});

test("a flood from any number of networks is limited, and forgotten again", () => {
  const { clock, admit } = setupAnonymous(1);
  const flood = () => {
    let admitted = 0;
    for (let network = 0; network < 30_000; network += 1) {
      const group = (0x2000 + Math.floor(network / 1000)).toString(16);
      if (admit(`${group}:${(network % 1000).toString(16)}::1`).failure === undefined) admitted += 1;
    }
    return admitted;
  };
  assert.is(flood(), 10_001, "one each of those that are remembered, and one of all the rest");
  assert.is(flood(), 0);
  clock.advance(61_000);
  assert.is(flood(), 10_001);
});

test.run();
