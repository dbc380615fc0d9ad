/**
 * The reader thread: queries, one after the other, on a connection that can neither write nor checkpoint.
 *
 * A query that its caller no longer waits for is found out about in shared memory, since no message is
 * taken while one runs.
 */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../lib/clock.ts";
import { createBudget } from "../../store/plan/budget.ts";
import { type Database, openReader } from "../file/database.ts";
import { describeFailure } from "../file/failure.ts";
import type { ReaderData, ReaderStart } from "./reader.ts";
import { createReaderOperations, type ReaderOperations } from "./reader-operations.ts";
import type { CallMessage, ReplyMessage } from "./thread-calls.ts";

if (parentPort === null) throw new Error("reader-thread.ts runs as a worker only");
const port = parentPort;
const { path, timeoutMs, cancelled } = workerData as ReaderData;
const { monotonicMs } = systemClock;

function serve(database: Database): void {
  const operations = createReaderOperations(database);
  port.on("message", ({ id, name, input }: CallMessage<keyof ReaderOperations>) => {
    if (name === "close") {
      database.close();
      port.close();
      return;
    }
    const [slot, query] = input as [number, never];
    const startedMs = monotonicMs();
    let reply: ReplyMessage;
    try {
      const isCancelled = () => Atomics.load(cancelled, slot) === 1;
      const budget = createBudget({ timeoutMs, monotonicMs, isCancelled });
      budget.spend(0);
      reply = { id, result: operations[name](query, budget), ms: monotonicMs() - startedMs };
    } catch (error) {
      reply = { id, failure: describeFailure(error), ms: monotonicMs() - startedMs };
    }
    port.postMessage(reply);
  });
}

let opened: Database | undefined;
try {
  opened = openReader(path);
} catch (error) {
  port.postMessage({ failure: describeFailure(error) } satisfies ReaderStart);
  port.close();
}
if (opened !== undefined) {
  serve(opened);
  port.postMessage({ failure: undefined } satisfies ReaderStart);
}
