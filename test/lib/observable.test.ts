import { test } from "uvu";
import * as assert from "uvu/assert";
import { createObservable } from "../../src/lib/observable.ts";

test("listeners hear of changes only, until they stop listening", () => {
  const heard: boolean[] = [];
  const value = createObservable(true);
  const stop = value.onChange(() => heard.push(value.value));
  value.set(true);
  value.set(false);
  value.set(false);
  value.set(true);
  stop();
  value.set(false);
  assert.equal(heard, [false, true]);
  assert.is(value.value, false);
});

test("a listener may stop listening while it is notified", () => {
  const heard: string[] = [];
  const value = createObservable(1);
  const stop = value.onChange(() => {
    heard.push("once");
    stop();
  });
  value.onChange(() => heard.push("always"));
  value.set(2);
  value.set(3);
  assert.equal(heard, ["once", "always", "always"]);
});

test.run();
