/** Where no database can be opened: what is waited for, what is said, and with which code the start ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, linkSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLogger } from "../../src/lib/logger.ts";
import { openSqliteStore } from "../../src/sqlite/engine.ts";
import { withDatabase } from "../../src/sqlite/offline.ts";
import { cleanEnvironment, freshEnvironment, PROGRAM, runCli, temporaryFolder } from "../cli/run-cli.ts";
import { MIGRATIONS } from "../sqlite/databases.ts";
import { needing, unlessMissing } from "../support/needs.ts";
import { TestClock } from "../support/time.ts";
import { failureOf, until } from "../support/wait.ts";
import { databaseIn, link, PLACES, pipe, secondName, undo } from "./places.ts";

test.after.each(() => {
  for (const step of undo.splice(0).reverse()) step();
});

/** A start that takes so long will never end, however busy the machine is. */
const HANGS_MS = 60_000;

/** Start a service; its two outputs, line by line. */
function launch(path: string, env: Readonly<Record<string, string>>, uid?: number) {
  const child = spawn(process.execPath, [PROGRAM, "serve"], {
    env: {
      ...cleanEnvironment({ ...freshEnvironment().env, ...env, SQLITE_DB_PATH: path }),
      // Another user cannot write down what was covered, and says so.
      ...(uid !== undefined && { NODE_V8_COVERAGE: undefined }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid }),
  });
  const messages: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    messages.push((JSON.parse(line) as { message: string }).message);
  });
  undo.push(() => void child.kill("SIGKILL"));
  // One that hangs must fail its test, and not the whole run.
  const timer = setTimeout(() => child.kill("SIGKILL"), HANGS_MS);
  child.once("exit", () => clearTimeout(timer));
  return { child, messages, stderr: text(child.stderr), exited: once(child, "exit") };
}

const WAITING = "the database cannot be opened yet";

for (const { name, at, message, isRetried, missing, uid } of PLACES) {
  unlessMissing(test, missing)(
    `a database ${name} ends the start with code 65 and one line${isRetried ? ", after it was tried again" : ", at once"}`,
    async () => {
      const path = await at(temporaryFolder());
      const { child, messages, stderr, exited } = launch(path, { DB_MAX_RETRIES: "1" }, uid);
      // Where it starts after all, nothing else would end it.
      child.stdout.on("data", (text) => String(text).includes('"listening"') && child.kill("SIGKILL"));
      assert.equal(await exited, [65, null], await stderr);
      assert.equal(messages, isRetried ? [WAITING] : []);
      const said = await stderr;
      assert.match(said, /^mcp-metrics: [^\n]*\n$/);
      assert.match(said, message);
      // Commands that work on the file say the same.
      if (uid === undefined) {
        const failure = await failureOf(withDatabase(path, MIGRATIONS, () => assert.unreachable()));
        assert.match(failure.message, message);
      }
    },
  );
}

test("a start that waits for its database is ended by a signal, as a running service is", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const path = link(join(temporaryFolder(), "gone", "m.db"), join(temporaryFolder(), "m.db"));
    const { child, messages, stderr, exited } = launch(path, { DB_MAX_RETRIES: "100" });
    await until("an attempt", () => messages.includes(WAITING));
    child.kill(signal);
    assert.equal(await exited, [0, null], await stderr);
    assert.equal(messages.slice(-2), ["shutting down", "stopped"]);
    assert.is(await stderr, "");
  }
});

/** When a signal arrives: `onTry` is called as soon as an attempt has failed, before the wait for the next. */
const SIGNALS: readonly { readonly name: string; readonly onTry: (abort: () => void) => void }[] = [
  { name: "in the middle of the wait", onTry: (abort) => void setImmediate(abort) },
  { name: "as the wait begins", onTry: (abort) => queueMicrotask(abort) },
  { name: "during the attempt before it", onTry: (abort) => abort() },
];

for (const { name, onTry } of SIGNALS) {
  test(`a signal ${name} ends the waiting, and not at the next attempt`, async () => {
    const stop = new AbortController();
    const clock = new TestClock();
    let attempts = 0;
    const opening = openSqliteStore({
      path: link(join(temporaryFolder(), "gone", "m.db"), join(temporaryFolder(), "m.db")),
      retriesMax: 100,
      connectionTimeoutMs: 600_000,
      queryTimeoutMs: 1000,
      // Nobody advances it: the next attempt never comes.
      clock,
      logger: createLogger({
        level: "warn",
        write: () => {
          attempts += 1;
          onTry(() => stop.abort());
        },
        wallMs: () => 0,
      }),
      onCall() {},
      onFatal() {},
      signal: stop.signal,
    });
    let failure: Error | undefined;
    void failureOf(opening).then((error) => {
      failure = error;
    });
    try {
      await until("its end", () => failure !== undefined);
    } finally {
      // One that waits all the same would keep the process.
      clock.advance(60_000);
    }
    assert.equal([failure, attempts], [stop.signal.reason, 1]);
  });
}

test("a database that can be opened a little later is, and serves", async () => {
  const folder = temporaryFolder();
  const path = link(join(folder, "volume", "m.db"), join(folder, "m.db"));
  const { child, messages, exited } = launch(path, { DB_MAX_RETRIES: "100" });
  await until("an attempt", () => messages.includes(WAITING));
  mkdirSync(join(folder, "volume"));
  await until("a service", () => messages.includes("listening"));
  child.kill("SIGTERM");
  assert.equal(await exited, [0, null]);
});

needing(test, "mkfifo")("doctor says what is wrong with a place, and does not wait for it", async () => {
  const folder = temporaryFolder();
  for (const path of [pipe(folder), folder, await secondName(folder)]) {
    const { code, stdout } = await runCli(["doctor"], { ...freshEnvironment().env, SQLITE_DB_PATH: path });
    assert.is(code, 1);
    assert.match(stdout, /is a pipe|is a folder|second name/);
  }
});

test("a hundred times, a second service under another name of a database that is in use is rejected", async () => {
  const folder = temporaryFolder();
  const path = await databaseIn(folder);
  const first = launch(path, {});
  await until("a service", () => first.messages.includes("listening"));
  for (let round = 0; round < 100; round += 1) {
    const other = join(folder, `name-${round}.db`);
    if (round % 2 === 0) linkSync(path, other);
    else symlinkSync(path, other);
    const failure = await failureOf(withDatabase(other, MIGRATIONS, () => assert.unreachable()));
    assert.match(failure.message, /second name|in use by another/);
    rmSync(other);
  }
  const copy = join(folder, "copy.db");
  copyFileSync(path, copy);
  await withDatabase(copy, MIGRATIONS, () => undefined);
  first.child.kill("SIGTERM");
  assert.equal(await first.exited, [0, null]);
});

test.run();
