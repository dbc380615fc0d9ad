import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type HeldPlace, InFlight } from "../../src/access/in-flight.ts";
import { ServiceError } from "../../src/errors.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function setup({ bytesMax = 1000, commitMs = 0 } = {}) {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  const inFlight = new InFlight({ clock, bytesMax, waitMsMax: 100, commitMs: () => commitMs });
  /** A call with a body that has arrived. */
  const take = (caller: string, bytes = 0): HeldPlace => {
    const place = inFlight.enter(caller, true);
    place.add(bytes);
    place.received();
    return place;
  };
  const isTaken = (caller: string): boolean => {
    try {
      inFlight.enter(caller, true).leave();
      return true;
    } catch {
      return false;
    }
  };
  return { clock, inFlight, take, isTaken };
}

function assertRefused(call: () => void, what: string): void {
  assert.throws(
    call,
    (error: unknown) =>
      error instanceof ServiceError &&
      error.reason === "queue_full" &&
      error.retryAfterSeconds === 1 &&
      error.message.includes(what),
  );
}

test("a caller may hold as many bytes as are left, so that the next one finds some", () => {
  const { inFlight, take } = setup();
  const first = take("a", 400);
  take("a", 100);
  assertRefused(() => take("a", 1), "bytes");
  take("b", 250);
  assertRefused(() => take("b", 1), "bytes");
  take("c", 125);
  assert.is(inFlight.bytes, 875);
  first.leave();
  take("b", 1);
  assert.is(inFlight.bytes, 476);
});

test("a body that is larger than all there is is taken while it is alone", () => {
  const { inFlight, take } = setup();
  const large = take("a", 5000);
  assertRefused(() => take("b", 1), "bytes");
  large.leave();
  take("b", 1);
  assert.is(inFlight.bytes, 1);
});

test("of bodies that arrive side by side some become whole", () => {
  const { inFlight } = setup();
  let waiting = Array.from({ length: 10 }, () => inFlight.enter("a", true));
  // A hundred bytes of each at a time; each is to be 400.
  for (let round = 0; round < 4; round += 1) {
    waiting = waiting.filter((place) => {
      try {
        place.add(100);
        return true;
      } catch {
        return false;
      }
    });
  }
  assert.ok(waiting.length > 0, "all were given up");
  assert.is(inFlight.bytes, waiting.length * 400);
});

test("once the oldest call has waited too long, whoever has most in flight is refused", () => {
  const { clock, take, isTaken } = setup();
  const busy = Array.from({ length: 90 }, () => take("busy"));
  take("polite");
  clock.nowMs = 100;
  assert.ok(isTaken("busy") && isTaken("polite") && isTaken("new"));
  clock.nowMs = 101;
  assert.equal([isTaken("busy"), isTaken("polite"), isTaken("new")], [false, true, true]);
  clock.nowMs = 301;
  assert.equal([isTaken("busy"), isTaken("polite"), isTaken("new")], [false, false, false]);
  for (const place of busy) place.leave();
  assert.ok(isTaken("busy") && isTaken("polite"));
});

test("only calls that wait count for who has most of them, neither uploads nor exports", () => {
  const { clock, inFlight, take, isTaken } = setup();
  for (let call = 0; call < 90; call += 1) take("busy");
  for (let call = 0; call < 60; call += 1) {
    inFlight.enter("uploading", true);
    inFlight.enter("exporting", false).received();
  }
  const places = Array.from({ length: 60 }, () => take("answered"));
  for (const place of places) place.leave();
  // Callers of which no call waits do not lower what the others may have.
  for (let caller = 0; caller < 200; caller += 1) inFlight.enter(`export ${caller}`, false);
  take("polite");
  clock.nowMs = 101;
  const callers = ["busy", "uploading", "exporting", "answered", "polite"];
  assert.equal(callers.map(isTaken), [false, true, true, true, true]);
});

test("a call that would wait too long is refused before any has", () => {
  const { clock, take, isTaken } = setup();
  const queue: HeldPlace[] = [];
  /** For so long one call a millisecond is answered, and `arriving` come in the same time. */
  const pass = (ms: number, arriving: number) => {
    for (let left = ms; left > 0; left -= 1) {
      for (let call = 0; call < arriving; call += 1) queue.push(take("busy"));
      queue.shift()?.leave();
      clock.nowMs += 1;
    }
  };
  for (let call = 0; call < 40; call += 1) queue.push(take("busy"));
  pass(100, 1);
  assert.ok(isTaken("busy"), "40 wait for 40 ms");
  for (let call = 0; call < 50; call += 1) queue.push(take("busy"));
  pass(10, 1);
  assert.ok(isTaken("busy"), "90 wait for 90 ms");
  for (let caller = 0; caller < 20; caller += 1) queue.push(take(`caller ${caller}`));
  assert.equal([isTaken("busy"), isTaken("polite")], [false, true], "110 will have waited for 110 ms");
  for (let caller = 20; caller < 210; caller += 1) queue.push(take(`caller ${caller}`));
  assert.ok(isTaken("polite"), "300 for less than three times as long");
  queue.push(take("caller 210"));
  assert.not(isTaken("polite"));
  while (queue.length > 80) queue.shift()?.leave();
  assert.ok(isTaken("busy"));
  // Answered in a moment, long after the queue was a slow one.
  while (queue.length > 0) queue.shift()?.leave();
  clock.nowMs += 10_000;
  for (let call = 0; call < 1000; call += 1) queue.push(take("busy"));
  assert.ok(isTaken("busy"), "how fast this one moves is not known yet");
});

test("a queue that has become slower is seen within seconds", () => {
  const { clock, take, isTaken } = setup({ commitMs: 200 });
  const queue = Array.from({ length: 100 }, () => take("busy"));
  for (let left = 5000; left > 0; left -= 1) {
    queue.push(take("busy"));
    queue.shift()?.leave();
    clock.nowMs += 1;
  }
  assert.ok(isTaken("busy"), "a hundred wait for 100 ms");
  let seenMs = 0;
  for (; isTaken("busy") && seenMs < 10_000; seenMs += 10) {
    queue.push(take("busy"));
    queue.shift()?.leave();
    clock.nowMs += 10;
    isTaken("busy");
  }
  assert.ok(seenMs > 0 && seenMs <= 2000, `${seenMs} ms`);
});

test("few calls may wait as long as they do", () => {
  const { clock, take, isTaken } = setup();
  for (let call = 0; call < 63; call += 1) take("a");
  clock.nowMs = 60_000;
  assert.ok(isTaken("a"));
  take("a");
  assert.not(isTaken("a"));
});

test("the wait for a slow disk is no sign of too many calls", () => {
  const { clock, take, isTaken } = setup({ commitMs: 200 });
  for (let call = 0; call < 100; call += 1) take("a");
  clock.nowMs = 500;
  assert.ok(isTaken("a"));
  clock.nowMs = 501;
  assert.not(isTaken("a"));
});

test("an export that takes long is neither a sign of it, nor rejected for it", () => {
  const { clock, inFlight, take, isTaken } = setup();
  const streamed = inFlight.enter("reader", false);
  streamed.received();
  clock.nowMs = 60_000;
  for (let call = 0; call < 100; call += 1) take("a");
  assert.ok(isTaken("a"));
  clock.nowMs = 90_000;
  assert.not(isTaken("a"));
  inFlight.enter("reader", false).leave();
});

test("what waits for its client does not count as waiting, nor what has left", () => {
  const { clock, inFlight, take, isTaken } = setup();
  const uploads = Array.from({ length: 100 }, () => inFlight.enter("slow", true));
  clock.nowMs = 10_000;
  assert.ok(isTaken("slow"));
  for (const upload of uploads) upload.leave();
  // The rest of a body arrives after its answer.
  for (const upload of uploads) upload.received();
  const place = take("a", 10);
  place.leave();
  place.leave();
  assert.equal([inFlight.waiting, inFlight.bytes], [0, 0]);
});

test("of a call that has left no byte is counted, for it or for its caller, whatever still arrives", () => {
  const { inFlight, take } = setup();
  const left = inFlight.enter("a", true);
  left.add(300);
  left.leave();
  // More than there is: it is not even refused, as nobody holds it.
  for (const bytes of [0, 1, 400, 5000]) left.add(bytes);
  left.received();
  assert.equal([inFlight.bytes, inFlight.waiting], [0, 0]);
  // Its caller may have as much as one that has sent nothing yet.
  const next = take("a", 500);
  left.add(1);
  left.leave();
  assert.is(inFlight.bytes, 500);
  next.leave();
  assert.is(inFlight.bytes, 0);
});

test("whoever has no call any more is forgotten, however its calls ended", async () => {
  const { inFlight } = setup();
  /** A caller, whose calls have all left. */
  const callers = Array.from({ length: 100 }, (_, index) => {
    const caller = { index };
    const [one, other] = [inFlight.enter(caller, true), inFlight.enter(caller, index % 2 === 0)];
    one.add(3);
    one.received();
    other.add(3);
    assertRefused(() => other.add(2000), "bytes");
    one.leave();
    other.leave();
    other.leave();
    return new WeakRef(caller);
  });
  // What a WeakRef has shown stays until its job is over.
  await new Promise((resolve) => void setImmediate(resolve));
  collectGarbage();
  const kept = callers.filter((caller) => caller.deref() !== undefined);
  // The collector finds most of them at once; nothing finds one that is still held.
  assert.ok(kept.length < 50, `${kept.length} of 100 are held`);
  assert.is(inFlight.bytes, 0);
});

test.run();
