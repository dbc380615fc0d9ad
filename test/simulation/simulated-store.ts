import type { Random } from "../../bench/random.ts";
import { LIMITS } from "../../src/catalogue/limits.ts";
import { ServiceError } from "../../src/errors.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { type Batch, COLUMNS_PER_ROW } from "../../src/store/batch.ts";
import type { CommitResult, SeriesFound, SeriesQuestion, StoredAnswer } from "../../src/store/metrics.ts";
import type { Store } from "../../src/store/store.ts";

/** What survives the death of a process. */
export class Disk {
  readonly answers = new Map<string, StoredAnswer & { readonly expiresMs: number }>();
  readonly series = new Map<string, { readonly lastPoint: string; readonly seenMs: number }>();
  lastRequestNumber = 0;
}

/** A row that was committed. `text` is everything that it refers to, in words. */
export interface StoredRow {
  readonly requestNumber: number;
  readonly value: number;
  readonly text: string;
}

/** How often a call of the store goes wrong, from 0 to 1, and how. */
export interface FaultRates {
  /** Nothing is stored, and the caller may try again. */
  readonly unavailable: number;
  /** Nothing is stored, for a reason nobody expected. */
  readonly defect: number;
  /** Stored or not, the caller gets an error, and nothing works any more. */
  readonly fatal: number;
  /** Stored or not, no answer ever comes. */
  readonly lost: number;
  /** Nothing is stored, and the answer says that it is: no store may do that, and every check must see it. */
  readonly lies: number;
  /** The answer takes its time. */
  readonly delayed: number;
  readonly delayMsMax: number;
}

export const NO_FAULTS: FaultRates = {
  unavailable: 0,
  defect: 0,
  fatal: 0,
  lost: 0,
  lies: 0,
  delayed: 0,
  delayMsMax: 0,
};

export interface SimulatedStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly rates: FaultRates;
  readonly onStored: (rows: readonly StoredRow[], nowMs: number) => void;
  /** A promise that the callers of the port must keep was broken. */
  readonly onMisuse: (message: string) => void;
}

type Fate = keyof FaultRates | "stored";

/**
 * One process's hold of a disk. It keeps what `src/store` promises but for the faults that it is given; those are
 * drawn from `random`, so that a seed decides them.
 */
export class SimulatedStore {
  rates: FaultRates;
  /** Every call is turned away as if the disk had no room. */
  isFull = false;
  /** Works no more: only a new process helps. */
  isStuck = false;
  /** Calls that failed, of any kind, and those of them that nobody may try again. */
  failures = 0;
  defects = 0;
  rowsSent = 0;
  readonly #options: SimulatedStoreOptions;
  readonly #words = new Map<number, { readonly apiKeyId: number; readonly text: string }>();
  /** Carries out the transaction that is on its way; undefined when there is none. */
  #unapplied: (() => void) | undefined;
  #isCommitting = false;
  #isClosed = false;
  #isDead = false;

  constructor(options: SimulatedStoreOptions) {
    this.#options = options;
    this.rates = options.rates;
  }

  /** The port, as far as ingest needs it. */
  get port(): Store {
    const metrics = {
      commit: (batch: Batch, nowMs: number) => this.#commit(batch, nowMs),
      findSeries: (question: SeriesQuestion, nowMs: number) => this.#findSeries(question, nowMs),
      flushRollups: async () => undefined,
      lastRequestNumber: async () => this.#options.disk.lastRequestNumber,
    };
    const upkeep = { installationSecret: async () => new Uint8Array(32) };
    return { metrics, upkeep } as unknown as Store;
  }

  toggleFull(): void {
    this.isFull = !this.isFull;
  }

  /** What opened it has closed what stands on it. */
  close(): void {
    if (this.#isCommitting) this.#options.onMisuse("a transaction is under way after the close");
    this.#isClosed = true;
  }

  /** The process dies: no call is ever answered; the transaction under way may have been committed or not. */
  kill(): void {
    if (this.#options.random.chance(0.5)) this.#unapplied?.();
    this.#isDead = true;
  }

  #fate(): Fate {
    if (this.isStuck) return "fatal";
    if (this.isFull) return "unavailable";
    const { unavailable, defect, fatal, lost, lies } = this.rates;
    let drawn = this.#options.random.unit();
    for (const [fate, rate] of Object.entries({ unavailable, defect, fatal, lost, lies })) {
      if (drawn < rate) return fate as Fate;
      drawn -= rate;
    }
    return "stored";
  }

  #commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const { onMisuse, clock, random } = this.#options;
    if (this.#isDead) return new Promise(() => {});
    if (this.#isClosed) onMisuse("a transaction after the close");
    if (this.#isCommitting) onMisuse("two transactions at once");
    if (batch.rowCount === 0 && batch.keyed.length === 0) onMisuse("an empty transaction");
    if (nowMs !== clock.wallMs()) onMisuse("a transaction of another time than the clock's");
    this.#define(batch);
    this.rowsSent += batch.rowCount;
    this.#isCommitting = true;
    // Nothing works any more: not even what was asked before is stored now.
    const mayStore = !this.isStuck;
    const fate = this.#fate();
    const isStored = fate === "stored" || (mayStore && /fatal|lost/.test(fate) && random.chance(0.5));
    return new Promise((resolve, reject) => {
      let result: CommitResult = { duplicates: [] };
      const apply = () => {
        this.#unapplied = undefined;
        if (isStored) result = this.#apply(batch, nowMs);
      };
      this.#unapplied = isStored ? apply : undefined;
      const answer = () => {
        this.#isCommitting = false;
        if (fate !== "stored" && fate !== "lies") return reject(this.#error(fate));
        resolve(result);
        // An answer that comes twice is one.
        resolve({ duplicates: [] });
      };
      if (fate === "fatal" || fate === "lost") this.isStuck = true;
      this.#later(() => {
        apply();
        if (fate !== "lost") this.#later(answer);
      });
    });
  }

  #findSeries(question: SeriesQuestion, nowMs: number): Promise<SeriesFound> {
    const { disk } = this.#options;
    const fate = this.#fate();
    return new Promise((resolve, reject) => {
      // A read that is never answered is no case of its own: its process dies like that of a commit.
      this.#later(() => {
        if (!/stored|lost|lies/.test(fate)) return reject(this.#error(fate));
        const stored = disk.answers.get(`${question.apiKeyId}\n${question.idempotencyKey}`);
        const series = new Map<string, { lastPoint: string; seenMs: number }>();
        for (const key of question.keys) {
          const found = disk.series.get(key);
          if (found !== undefined) series.set(key, found);
        }
        const earlier = stored !== undefined && stored.expiresMs > nowMs ? stored : undefined;
        resolve({ earlier, series, room: 1000 });
      });
    });
  }

  /** At once or when the clock says so; never in a process that is dead by then. */
  #later(job: () => void): void {
    const { random, clock } = this.#options;
    const live = () => {
      if (!this.#isDead) job();
    };
    if (random.chance(this.rates.delayed)) clock.after(random.below(this.rates.delayMsMax) + 1, live);
    else live();
  }

  #error(fate: Fate): Error {
    this.failures += 1;
    if (fate !== "unavailable") this.defects += 1;
    return fate === "unavailable"
      ? new ServiceError("storage_unavailable", "no room on the disk")
      : new Error(`${fate} error of the store`);
  }

  #define({ definitions, forgotten }: Batch): void {
    for (const [ref, { apiKeyId }] of this.#words) if (forgotten.includes(apiKeyId)) this.#words.delete(ref);
    for (const definition of definitions) {
      const { kind, ref, apiKeyId } = definition;
      const remember = (text: string) => this.#words.set(ref, { apiKeyId, text });
      if (kind === "source") {
        const { service, version, instanceId } = definition.source;
        remember([service, version, instanceId, apiKeyId].join("|"));
      } else if (kind === "dimension_set") {
        remember(`${definition.metricType}|${definition.json}`);
      } else remember(`${definition.dimensionKeys}|${definition.metadataKeys}`);
    }
  }

  #apply(batch: Batch, nowMs: number): CommitResult {
    const { disk, onStored } = this.#options;
    const duplicates: { index: number; stored: StoredAnswer }[] = [];
    const covered = new Set<number>();
    for (const [index, { apiKeyId, key, fingerprint, answer, start, end, series }] of batch.keyed.entries()) {
      const name = `${apiKeyId}\n${key}`;
      const stored = disk.answers.get(name);
      if (stored !== undefined && stored.expiresMs > nowMs) {
        duplicates.push({ index, stored });
        for (let row = start; row < end; row += 1) covered.add(row);
        continue;
      }
      disk.answers.set(name, { fingerprint, answer, expiresMs: nowMs + LIMITS.IDEMPOTENCY_MS });
      for (const update of series) disk.series.set(update.key, { ...update, seenMs: nowMs });
    }
    const rows: StoredRow[] = [];
    for (let row = 0; row < batch.rowCount; row += 1) if (!covered.has(row)) rows.push(this.#row(batch, row));
    for (const { requestNumber } of rows)
      disk.lastRequestNumber = Math.max(disk.lastRequestNumber, requestNumber);
    onStored(rows, nowMs);
    return { duplicates };
  }

  #row({ numbers, payloads }: Batch, row: number): StoredRow {
    const at = row * COLUMNS_PER_ROW;
    const [, source = -1, set = -1, requestNumber = -1, value = Number.NaN, durationMs, shape = -1] =
      numbers.subarray(at, at + COLUMNS_PER_ROW);
    const words = [source, set, shape].map((ref) =>
      ref === -1 ? "" : (this.#words.get(ref)?.text ?? "unknown"),
    );
    return { requestNumber, value, text: [...words, durationMs, payloads[row] ?? ""].join("|") };
  }
}
