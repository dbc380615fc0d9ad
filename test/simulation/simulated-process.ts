import type { Random } from "../../bench/random.ts";
import { type Call, createRequestNumbers, type RequestIdentity } from "../../src/access/call.ts";
import type { ExportAnswer } from "../../src/api/export-metrics.ts";
import { type Ingest, openIngest } from "../../src/api/open-ingest.ts";
import type { ServiceContext } from "../../src/api/service-context.ts";
import type { SubmitAnswer } from "../../src/api/submit.ts";
import { createLifecycle, type Lifecycle } from "../../src/lib/lifecycle.ts";
import { TestClock } from "../support/time.ts";
import type { Attempt, IngestSettings, ObservedProcess } from "./attempt.ts";
import { auditSubmissions } from "./audit.ts";
import type { Model } from "./model.ts";
import type { Request } from "./requests.ts";
import { type Disk, type FaultRates, SimulatedStore } from "./simulated-store.ts";

export interface ProcessOptions {
  readonly disk: Disk;
  readonly model: Model;
  readonly random: Random;
  readonly rates: FaultRates;
  readonly ingest: IngestSettings;
  readonly wallMs: number;
}

/** The service's ingest, from the decoded request to the port, until it is closed or killed. */
export class SimulatedProcess implements ObservedProcess {
  readonly clock: TestClock;
  readonly store: SimulatedStore;
  readonly settings: IngestSettings;
  readonly attempts = new Map<number, Attempt>();
  isAlive = true;
  isClosing = false;
  isClosed = false;
  /** Flushes and the close that have not settled. */
  openCalls = 0;
  commitMetrics = 0;
  #ingest: Ingest | undefined;
  readonly #model: Model;
  readonly #lifecycle: Lifecycle;
  readonly #nextIdentity: () => RequestIdentity;

  constructor({ disk, model, random, rates, ingest, wallMs }: ProcessOptions) {
    this.#model = model;
    this.settings = ingest;
    this.clock = new TestClock(wallMs);
    this.store = new SimulatedStore({
      disk,
      clock: this.clock,
      random,
      rates,
      onStored: (rows, nowMs) => model.stored(this, rows, nowMs),
      onMisuse: (message) => model.problem(message),
    });
    this.#lifecycle = createLifecycle((name, error) => model.closeFailed(this, name, error));
    this.#nextIdentity = createRequestNumbers(this.clock.wallMs, disk.lastRequestNumber);
  }

  async open(): Promise<void> {
    const model = this.#model;
    const submit = {
      onRejected: () => undefined,
      onAnswer: () => undefined,
      onForeignService: () => undefined,
      onLost: ({ requestNumber }: Call, metrics: number) => model.lost(this, requestNumber, metrics),
    };
    const context = {
      config: {
        ingest: { ...this.settings, metricsPerRequestMax: 5000, pointsPerRequestMax: 100 },
        keys: { binding: "strict" },
      },
      clock: this.clock,
      lifecycle: this.#lifecycle,
      store: this.store.port,
      telemetry: {
        selfMetrics: { commit: ({ metrics }: { metrics: number }) => (this.commitMetrics += metrics) },
        recorder: { record: model.exported.bind(model, this) },
      },
      observers: { submit },
    } as unknown as ServiceContext;
    this.#ingest = await openIngest(context);
  }

  get depth(): number {
    return this.#ingest?.queueMetrics() ?? 0;
  }

  /** A request arrives; the model is told what becomes of it. */
  send(request: Request): void {
    const ingest = this.#ingest as Ingest;
    const identity = this.#nextIdentity();
    const attempt: Attempt = {
      request,
      process: this,
      identity,
      state: "waiting",
      isDone: false,
      isLost: false,
      stored: 0,
    };
    this.attempts.set(identity.requestNumber, attempt);
    this.#model.arrived(attempt);
    const call: Call = { ...identity, principal: request.principal };
    const depth = this.depth;
    const answer: Promise<SubmitAnswer | ExportAnswer> =
      request.kind === "submit"
        ? ingest.submit(call, request.body)
        : ingest.exportMetrics(call, request.sent);
    answer.then(
      (value) => this.isAlive && this.#model.answered(attempt, value),
      (error) => this.isAlive && this.#model.failed(attempt, error, depth),
    );
  }

  flush(): void {
    const flush = (this.#ingest as Ingest).flush();
    this.#watch(flush, this.#model.flushBegins(this));
  }

  /** As SIGTERM does. */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.#watch(this.#lifecycle.close(), (error) => {
      this.isClosed = true;
      this.store.close();
      this.#model.closed(this, error);
      auditSubmissions(this.#model, this);
    });
  }

  /** As SIGKILL does: everything in memory is gone. */
  kill(): void {
    this.isAlive = false;
    this.store.kill();
  }

  #watch(promise: Promise<unknown>, settled: (error?: unknown) => void): void {
    this.openCalls += 1;
    const settle = (error?: unknown) => {
      this.openCalls -= 1;
      if (this.isAlive) settled(error);
    };
    promise.then(() => settle(), settle);
  }
}
