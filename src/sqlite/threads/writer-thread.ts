/**
 * The writer thread: the one place where the database is written.
 *
 * It takes the lock, opens the file, migrates it, reports so in its first message, and then answers
 * operations in the order they come. After a fatal failure it rejects everything: what is on disk is no
 * longer known.
 */
import { parentPort, workerData } from "node:worker_threads";
import { rejectDamage } from "../file/damage.ts";
import type { Database } from "../file/database.ts";
import { describeFailure, type Failure } from "../file/failure.ts";
import { acquireLock } from "../file/lock.ts";
import { migrateUp, readApplied, readMigrations } from "../file/migrator.ts";
import { restoreModes } from "../file/modes.ts";
import { openWriter } from "../file/open.ts";
import { preparePlace } from "../file/place.ts";
import { watchFiles } from "../file/watch.ts";
import { findOperation, type OperationLabels } from "./operation.ts";
import { createWriterOperations } from "./operations.ts";
import { type CallMessage, CLOSE, type ReplyMessage, UNASKED } from "./thread-calls.ts";
import type { StartMessage, WriterData } from "./writer.ts";

if (parentPort === null) throw new Error("writer-thread.ts runs as a worker only");
const port = parentPort;
const { path, migrationsFolder } = workerData as WriterData;

/**
 * Everything that is done before the first call. @throws when the database stays closed; nothing is held
 * then.
 */
function start() {
  preparePlace(path);
  const lock = acquireLock(path);
  try {
    const migrations = readMigrations(migrationsFolder);
    let isChecked = false;
    const database = openWriter(path, (found) => {
      readApplied(found, migrations);
      isChecked = rejectDamage(found);
    });
    const applied = migrateUp(database, migrations).map(({ version, name }) => ({ version, name }));
    const operations = createWriterOperations(database, path);
    const files = watchFiles(path, database);
    return { lock, database, operations, applied, isChecked, files, openToOthers: restoreModes(path) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** How soon a thread that has nothing to do notices what happens to its files. */
const WATCH_INTERVAL_MS = 250;

/** Answer messages until the one that says to close. */
function serve({ lock, database, operations, files }: ReturnType<typeof start>): void {
  let broken: Failure | undefined;

  function perform({ id, name, input }: CallMessage): ReplyMessage {
    const startedMs = performance.now();
    let labels: OperationLabels | undefined;
    try {
      const { run, ...found } = findOperation(operations, name);
      labels = found;
      if (broken !== undefined) throw new Error("the database failed");
      const emptiesLog = found.kind === "checkpoint";
      const result = files.during(() => run(...(input as never[])), { emptiesLog });
      return { id, labels, result, ms: performance.now() - startedMs };
    } catch (error) {
      const failure = broken ?? describeFailure(error);
      if (failure.kind === "fatal") broken = failure;
      return { id, labels, failure, ms: performance.now() - startedMs };
    }
  }

  // Also while nobody writes: what is stored may be gone, and queries would go on as if nothing were.
  const watching = setInterval(() => {
    try {
      if (broken === undefined) files.check();
    } catch (error) {
      broken = describeFailure(error);
      port.postMessage({ id: UNASKED, labels: undefined, failure: broken, ms: 0 } satisfies ReplyMessage);
    }
  }, WATCH_INTERVAL_MS);

  port.on("message", (message: CallMessage) => {
    if (message.name === CLOSE) {
      clearInterval(watching);
      // Closing would write what is in the log into a file that is no longer known to be its own.
      if (broken === undefined) {
        flushAndCheckpoint(database, operations);
        database.close();
        port.close();
      }
      lock.release();
      return;
    }
    port.postMessage(perform(message));
  });
}

/**
 * Leave one file behind, with nothing to be recovered: rollups are written, the log is moved into the
 * database. Without it nothing would be lost, but the next start would read the newest measurements again.
 */
function flushAndCheckpoint(
  database: Database,
  { metrics }: ReturnType<typeof createWriterOperations>,
): void {
  try {
    let target: number | undefined;
    do target = metrics.flushRollupsStep.run(Date.now(), target).next;
    while (target !== undefined);
    database.script("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // On a full disk, for one. Nothing is lost: the log stays, and the next start reads it.
  }
}

let opened: ReturnType<typeof start> | undefined;
try {
  opened = start();
} catch (error) {
  port.postMessage({ failure: describeFailure(error) } satisfies StartMessage);
  port.close();
}
if (opened !== undefined) {
  serve(opened);
  const { applied, isChecked, openToOthers } = opened;
  port.postMessage({ applied, isChecked, openToOthers } satisfies StartMessage);
}
