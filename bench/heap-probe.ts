/**
 * Loaded into every thread of a service with `--import`, beside `--expose-gc`: upon SIGUSR2 each thread collects
 * its garbage and tells what is left, which the main thread prints as one line of JSON.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";

/** What one thread keeps. */
export interface ThreadHeap {
  readonly thread: number;
  readonly usedBytes: number;
  readonly externalBytes: number;
  /** The longest that its event loop was held since the last time. */
  readonly longestStallMs: number;
}

/** Long enough for each thread to collect and answer. */
const ANSWERS_MS = 4000;

const questions = new BroadcastChannel("heap-probe-questions");
const answers = new BroadcastChannel("heap-probe-answers");
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

function measure(): ThreadHeap {
  const longestStallMs = delay.max / 1e6;
  // As V8 does by itself once a thread was idle for two minutes: it gives the pages back too.
  (globalThis as { gc?: (options: object) => void }).gc?.({ type: "major", flavor: "last-resort" });
  const { used_heap_size: usedBytes, external_memory: externalBytes } = getHeapStatistics();
  delay.reset();
  return { thread: threadId, usedBytes, externalBytes, longestStallMs };
}

if (isMainThread) {
  let heaps: ThreadHeap[] = [];
  answers.onmessage = ({ data }: { data: unknown }) => void heaps.push(data as ThreadHeap);
  process.on("SIGUSR2", () => {
    const rssBeforeBytes = process.memoryUsage.rss();
    heaps = [measure()];
    questions.postMessage("");
    setTimeout(() => {
      heaps.sort((a, b) => a.thread - b.thread);
      process.stderr.write(
        `${JSON.stringify({ heaps, rssBytes: process.memoryUsage.rss(), rssBeforeBytes })}\n`,
      );
    }, ANSWERS_MS);
  });
} else {
  questions.onmessage = () => answers.postMessage(measure());
}
questions.unref();
answers.unref();
