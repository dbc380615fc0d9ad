import { test } from "uvu";
import * as assert from "uvu/assert";
import { FairShares, type Share } from "../../src/lib/fair-shares.ts";

function open(shares: FairShares, caller: string): Share {
  const share = shares.enter(caller);
  assert.type(share, "object");
  return share as Share;
}

test("nobody takes more than its places, nor all of them together more than there are", () => {
  const shares = new FairShares({ placesMax: 4, placesPerCallerMax: 2 });
  const first = open(shares, "a");
  open(shares, "a");
  assert.is(shares.enter("a"), "caller full");
  open(shares, "b");
  const last = open(shares, "c");
  assert.is(shares.enter("d"), "all full");
  assert.is(shares.enter("a"), "all full");
  shares.leave(last);
  assert.is(shares.enter("a"), "caller full");
  shares.leave(first);
  assert.type(shares.enter("a"), "object");
});

test("next is the oldest item of whoever has used least", () => {
  const shares = new FairShares({ placesMax: 100, placesPerCallerMax: 25 });
  const item = (caller: string, name: string) => ({ share: open(shares, caller), name });
  const waiting = [item("a", "a1"), item("a", "a2"), item("a", "a3"), item("b", "b1"), item("b", "b2")];
  const order: string[] = [];
  for (let next = shares.takeNext(waiting); next !== undefined; next = shares.takeNext(waiting)) {
    order.push(next.name);
    next.share.usedMs += next.share.caller === "a" ? 100 : 60;
  }
  // a: 100, b: 60, b: 120, a: 200, then only a is left.
  assert.equal(order, ["a1", "b1", "b2", "a2", "a3"]);
  assert.is(shares.takeNext(waiting), undefined);
});

test("a newcomer is next but one at most, and pays nothing for the time before it came", () => {
  const shares = new FairShares({ placesMax: 100, placesPerCallerMax: 25 });
  const old = open(shares, "old");
  const waiting = [{ share: old }, { share: old }];
  old.usedMs = 5000;
  shares.takeNext(waiting);
  old.usedMs += 100;
  const fresh = open(shares, "fresh");
  assert.is(fresh.usedMs, 5000);
  waiting.push({ share: fresh });
  assert.is(shares.takeNext(waiting)?.share, fresh);
  // Who has nothing left is forgotten: what it used does not follow it.
  shares.leave(fresh);
  assert.is(open(shares, "fresh").usedMs, 5000);
});

test.run();
