/**
 * The writer thread: the one place where the database is written.
 *
 * It takes the lock, opens the file, migrates it, says `ready`, and then answers operations in the
 * order they come. After a fatal failure it refuses everything: what is on disk is no longer known.
 */
import { parentPort, workerData } from "node:worker_threads";
import { refuseDamage } from "../file/damage.ts";
import { type Database, openWriter } from "../file/database.ts";
import { describeFailure, type Failure } from "../file/failure.ts";
import { acquireLock } from "../file/lock.ts";
import { migrateUp, readApplied, readMigrations } from "../file/migrator.ts";
import { createOperations, type Operations } from "./operations.ts";
import type { CallMessage, ReplyMessage } from "./thread-calls.ts";
import type { StartMessage, WriterData } from "./writer-messages.ts";

if (parentPort === null) throw new Error("writer-thread.ts runs as a worker only");
const port = parentPort;
const { path, migrationsFolder } = workerData as WriterData;

function start() {
  const lock = acquireLock(path);
  try {
    const migrations = readMigrations(migrationsFolder);
    let isChecked = false;
    const database = openWriter(path, (found) => {
      readApplied(found, migrations);
      isChecked = refuseDamage(found);
    });
    const applied = migrateUp(database, migrations).map(({ version, name }) => ({ version, name }));
    return { lock, database, operations: createOperations(database, path), applied, isChecked };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function serve({ lock, database, operations }: ReturnType<typeof start>): void {
  let broken: Failure | undefined;
  port.on("message", (message: CallMessage<keyof Operations>) => {
    if (message.name === "close") {
      if (broken === undefined) settle(database, operations);
      database.close();
      lock.release();
      port.close();
      return;
    }
    const startedMs = performance.now();
    let reply: ReplyMessage;
    try {
      if (broken !== undefined) throw new Error("the database failed");
      const operation = operations[message.name] as (...input: unknown[]) => unknown;
      reply = { id: message.id, result: operation(...message.input), ms: performance.now() - startedMs };
    } catch (error) {
      const failure = broken ?? describeFailure(error);
      if (failure.kind === "fatal") broken = failure;
      reply = { id: message.id, failure, ms: performance.now() - startedMs };
    }
    port.postMessage(reply);
  });
}

/** Leave one file behind, with nothing to be read again: rollups are written, the log moves into the database. */
function settle(database: Database, operations: Operations): void {
  try {
    while (operations.flushRollups(Date.now()) !== undefined);
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
  const { applied, isChecked } = opened;
  port.postMessage({ applied, isChecked } satisfies StartMessage);
}
