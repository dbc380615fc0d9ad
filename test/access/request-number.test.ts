import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createRequestNumbers } from "../../src/access/call.ts";
import { NOW_MS } from "../support/time.ts";

test("a request's number is the second of its arrival and its place in it, its id the same in hex", () => {
  const next = createRequestNumbers(() => NOW_MS + 999, 0);
  const [first, second] = [next(), next()];
  assert.is(first.requestNumber, (NOW_MS / 1000) * 2 ** 19);
  assert.is(second.requestNumber, first.requestNumber + 1);
  assert.match(first.requestId, /^req_[0-9a-f]{16}$/);
  assert.is(Number.parseInt(first.requestId.slice(4), 16), first.requestNumber);
});

test("numbers grow strictly whatever the clock does, and over restarts", () => {
  const jump = fc.oneof(fc.integer({ min: -1e11, max: 1e10 }), fc.constantFrom(0, 1, 999, 1000));
  const step = fc.record({ jump, calls: fc.integer({ min: 1, max: 50 }), restarts: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let wallMs = NOW_MS;
      let last = 0;
      let next = createRequestNumbers(() => wallMs, last);
      for (const { jump, calls, restarts } of steps) {
        wallMs = Math.max(0, wallMs + jump);
        if (restarts) next = createRequestNumbers(() => wallMs, last);
        for (let call = 0; call < calls; call += 1) {
          const { requestNumber } = next();
          assert.ok(requestNumber > last && Number.isSafeInteger(requestNumber));
          last = requestNumber;
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a second with more requests than a second has numbers borrows from the next", () => {
  let wallMs = NOW_MS;
  const next = createRequestNumbers(() => wallMs, 0);
  let last = 0;
  for (let call = 0; call < 2 ** 19 + 10; call += 1) last = next().requestNumber;
  wallMs += 1000;
  assert.is(next().requestNumber, last + 1);
});

test("numbers stay exact for thousands of years", () => {
  const { requestNumber } = createRequestNumbers(() => Date.UTC(2500, 0, 1), 0)();
  assert.ok(requestNumber < Number.MAX_SAFE_INTEGER);
});

test.run();
