/**
 * The reader thread: queries, one after the other, on a connection that can neither write nor checkpoint.
 *
 * It answers each message with one reply and knows nothing of the main thread's promises. A query ends early
 * only where it looks at its budget, every few milliseconds: between two chunks of rows.
 */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../lib/clock.ts";
import { createBudget } from "../../store/plan/budget.ts";
import type { Database } from "../file/database.ts";
import { describeFailure } from "../file/failure.ts";
import { openReader } from "../file/open.ts";
import { findOperation, type OperationLabels } from "./operation.ts";
import { createReaderOperations } from "./operations.ts";
import type { ReaderData, ReaderInput, ReaderStart } from "./reader-lane.ts";
import { type CallMessage, CLOSE, type ReplyMessage } from "./thread-calls.ts";

if (parentPort === null) throw new Error("reader-thread.ts runs as a worker only");
const port = parentPort;
const { path, timeoutMs, cancelled } = workerData as ReaderData;
const { monotonicMs } = systemClock;

function serve(database: Database): void {
  const operations = createReaderOperations(database);

  function perform({ id, name, input }: CallMessage): ReplyMessage {
    const [slot, runMs, query] = input as unknown as ReaderInput;
    const startedMs = monotonicMs();
    let labels: OperationLabels | undefined;
    try {
      const { run, ...found } = findOperation(operations, name);
      labels = found;
      // Read from shared memory: no message is taken while a query holds this thread.
      const isCancelled = () => Atomics.load(cancelled, slot) === 1;
      const budget = createBudget({ timeoutMs, runMs, monotonicMs, isCancelled });
      // Cancelled while it waited: then it is not begun.
      budget.spend(0);
      const result = run(query as never, budget as never);
      return { id, labels, result, ms: monotonicMs() - startedMs };
    } catch (error) {
      return { id, labels, failure: describeFailure(error), ms: monotonicMs() - startedMs };
    }
  }

  port.on("message", (message: CallMessage) => {
    if (message.name === CLOSE) {
      database.close();
      port.close();
      return;
    }
    port.postMessage(perform(message));
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
