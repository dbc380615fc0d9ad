/** Threads that end of themselves: nobody may wait for them for ever. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { unreadable } from "../../src/sqlite/threads/reader-lane.ts";
import { createThreadCalls, startThread } from "../../src/sqlite/threads/thread-calls.ts";
import { until } from "../support/wait.ts";

/** A thread that does this. */
const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const PORT = 'import { parentPort } from "node:worker_threads";';

test("a thread that ends before its first message has not started", async () => {
  for (const [code, message] of [
    ["process.exit(3)", /ended with code 3/],
    ["", /ended with code 0/],
    ['throw new Error("broken")', /broken/],
  ] as const) {
    const error = await startThread(script(code), {}).then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.match(error?.message ?? "it started", message);
  }
});

test("a thread that ends while nothing is asked of it is broken, and answers nothing later", async () => {
  const started = await startThread(
    script(`${PORT} parentPort.postMessage({}); setTimeout(process.exit, 20)`),
    {},
  );
  const broken: string[] = [];
  const calls = createThreadCalls(started, {
    title: "the thread",
    onBroken: (error) => void broken.push(error.message),
    onCall() {},
    unavailable: unreadable,
  });
  await until("it has ended", () => broken.length > 0);
  assert.equal(broken, ["the thread ended"]);
  const error = await calls.call("anything", []).catch((reason: Error) => reason);
  assert.is(((error as Error).cause as Error).message, "the thread ended");
  await calls.close();
});

test("a failure after which nothing can be relied on breaks the thread, and another does not", async () => {
  const code = `${PORT}
    parentPort.on("message", ({ id, name }) => !["other", "fatal"].includes(name) ? parentPort.close() :
      parentPort.postMessage({ id, failure: { kind: name, name: "Error", message: "lost" } }));
    parentPort.postMessage({})`;
  const broken: string[] = [];
  const calls = createThreadCalls(await startThread(script(code), {}), {
    title: "the thread",
    onBroken: (error) => void broken.push(error.message),
    onCall() {},
    unavailable: unreadable,
  });
  await calls.call("other", []).catch(() => {});
  assert.equal(broken, []);
  await calls.call("fatal", []).catch(() => {});
  assert.equal(broken, ["Error: lost"]);
  const later = await calls.call("other", []).catch((reason: Error) => reason);
  assert.is(((later as Error).cause as Error).message, "Error: lost");
  await calls.close();
});

test("a thread that was told to end is not broken", async () => {
  const code = `${PORT} parentPort.on("message", () => parentPort.close()); parentPort.postMessage({})`;
  const broken: string[] = [];
  const calls = createThreadCalls(await startThread(script(code), {}), {
    title: "the thread",
    onBroken: (error) => void broken.push(error.message),
    onCall() {},
    unavailable: unreadable,
  });
  await calls.close();
  assert.equal(broken, []);
});

test.run();
