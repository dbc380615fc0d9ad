import type { RequestIdentity } from "../../src/access/call.ts";
import type { Request } from "./requests.ts";
import type { SimulatedStore } from "./simulated-store.ts";

/** One request that arrived at one process. */
export interface Attempt {
  readonly request: Request;
  readonly process: ObservedProcess;
  readonly identity: RequestIdentity;
  /** What its client knows. */
  state: "waiting" | "answered" | "failed";
  /** Whether the queue holds nothing of it any more. */
  isDone: boolean;
  /** Reported as lost after it was answered. */
  isLost: boolean;
  /** Times that its rows were stored. */
  stored: number;
}

/** What is seen of a process from outside. */
export interface ObservedProcess {
  /** By request number. */
  readonly attempts: ReadonlyMap<number, Attempt>;
  readonly settings: IngestSettings;
  /** Its hold of the disk: failed calls, metrics in transactions, and whether it works no more. */
  readonly store: Pick<SimulatedStore, "failures" | "defects" | "rowsSent" | "isStuck">;
  readonly isAlive: boolean;
  readonly isClosing: boolean;
  /** Metrics that wait, as the service counts them. */
  readonly depth: number;
  /** Metrics of all transactions, as the service counts them. */
  readonly commitMetrics: number;
}

export interface IngestSettings {
  readonly acknowledge: "durable" | "buffered";
  readonly batchMetrics: number;
  readonly flushIntervalMs: number;
  readonly queuedMetricsMax: number;
  readonly bytesInFlightMax: number;
}
