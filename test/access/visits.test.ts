import { test } from "uvu";
import * as assert from "uvu/assert";
import { createVisits, type VisitRule } from "../../src/access/visits.ts";
import { TestClock } from "../support/test-clock.ts";
import { KEY, setup } from "./support.ts";

const RULE: VisitRule = { ifKey: { roles: ["writer"], costsToken: true } };
const REQUEST = { requestNumber: 1, requestId: "req_1" };

function visits(limitPerMinute: number) {
  const { admit } = setup();
  const clock = new TestClock();
  const admitVisit = createVisits(({ apiKey }) => admit(apiKey), clock, limitPerMinute);
  const visit = (address: string | undefined, apiKey?: string) =>
    admitVisit({ apiKey, authorization: undefined, address: () => address }, RULE, REQUEST);
  return { clock, visit };
}

test("who has a key comes with it, and who has none under a network", () => {
  const { visit } = visits(1);
  const known = visit("203.0.113.9", KEY).visit;
  assert.ok(known?.principal);
  assert.equal(visit("203.0.113.9").visit, {
    ...REQUEST,
    principal: undefined,
    network: "203.0.0.0/16",
    address: "203.0.113.9",
  });
  assert.is(visit("198.51.100.1", "wrong-key-000000001").failure?.reason, "api_key_invalid");
});

test("a network has so many visits a minute, and then one at a time", () => {
  const { clock, visit } = visits(2);
  const reasons = () => [1, 2, 3].map((host) => visit(`203.0.${host}.1`).failure?.reason);
  assert.equal(reasons(), [undefined, undefined, "rate_limited"]);
  assert.is(visit("203.0.9.9").failure?.retryAfterSeconds, 30);
  assert.is(visit("203.1.0.1").failure, undefined);
  assert.is(visit(undefined).failure, undefined, "whose peer has gone");
  clock.advance(30_000);
  assert.equal(reasons(), [undefined, "rate_limited", "rate_limited"]);
});

test("a flood from any number of networks is limited, and forgotten again", () => {
  const { clock, visit } = visits(1);
  const flood = () => {
    let admitted = 0;
    for (let network = 0; network < 30_000; network += 1) {
      const group = (0x2000 + Math.floor(network / 1000)).toString(16);
      if (visit(`${group}:${(network % 1000).toString(16)}::1`).failure === undefined) admitted += 1;
    }
    return admitted;
  };
  assert.is(flood(), 10_001, "one each of those that are remembered, and one of all the rest");
  assert.is(flood(), 0);
  clock.advance(61_000);
  assert.is(flood(), 10_001);
});

test.run();
