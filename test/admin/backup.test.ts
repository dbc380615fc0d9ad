import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createBackup } from "../../src/api/admin/backup.ts";
import { ServiceError } from "../../src/errors.ts";
import { startFileBackup } from "../../src/sqlite/file/upkeep.ts";
import { openMigrated, temporaryFolder, temporaryPath } from "../sqlite/databases.ts";
import { TestClock } from "../support/time.ts";

/** A backup of a new database, beside which a log is as large as `logBytes` says. */
function setup(logBytes: () => number) {
  const clock = new TestClock();
  const source = temporaryPath();
  openMigrated(source).close();
  const started = Promise.withResolvers<void>();
  const backup = createBackup({
    clock,
    start(target) {
      const run = startFileBackup(source, target);
      started.resolve();
      return { ...run, log: () => ({ bytes: logBytes(), bytesMax: 1_000_000_000 }) };
    },
    flush: async () => {},
    signal: new AbortController().signal,
  });
  return { backup, clock, started: started.promise, target: join(temporaryFolder(), "backup.db") };
}

test("a backup whose log becomes too large is given up, says why and leaves nothing behind", async () => {
  let bytes = 1_000_000_000;
  const { backup, clock, started, target } = setup(() => bytes);
  const outcome = backup(target).then(
    () => undefined,
    (error: unknown) => error,
  );
  await started;
  clock.advance(1000);
  bytes += 1;
  clock.advance(1000);
  const error = await outcome;
  assert.instance(error, ServiceError);
  if (!(error instanceof ServiceError)) return;
  assert.is(error.reason, "storage_unavailable");
  assert.match(
    error.message,
    /given up: .* a log, which has grown beyond 1000 MB; repeat it when less arrives/,
  );
  assert.ok(Number(error.retryAfterSeconds) > 0);
  assert.equal(readdirSync(dirname(target)), []);
});

test("a log that is as large as it may be does not end a backup", async () => {
  const { backup, clock, started, target } = setup(() => 1_000_000_000);
  const answer = backup(target);
  await started;
  clock.advance(60_000);
  assert.is((await answer).path, target);
});

test.run();
