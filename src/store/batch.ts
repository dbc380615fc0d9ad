import type { DimensionSet, Measurement } from "../catalogue/measurement.ts";
import { writeDistribution } from "./distribution.ts";
import type { IdempotencyRecord, SeriesUpdate, Source, Submission } from "./submission.ts";

/** A dictionary row that the writer meets for the first time, under the number the batch uses for it. */
export type Definition =
  | { readonly kind: "source"; readonly ref: number; readonly source: Source }
  | {
      readonly kind: "dimension_set";
      readonly ref: number;
      readonly metricType: string;
      readonly json: string;
    }
  | {
      readonly kind: "shape";
      readonly ref: number;
      readonly dimensionKeys: string;
      readonly metadataKeys: string;
    };

export interface KeyedRows extends IdempotencyRecord {
  readonly apiKeyId: number;
  /** The rows it covers: from `start`, before `end`. */
  readonly start: number;
  readonly end: number;
  readonly series: readonly SeriesUpdate[];
}

/**
 * Rows on their way to the engine, which may be another thread.
 *
 * Numbers travel in one transferred array and repeated things as numbers into a dictionary, because a
 * structured clone of the measurements would cost the event loop more than everything else it does
 * for them.
 */
export interface Batch {
  /** `COLUMNS_PER_ROW` numbers a row: ts, source, dimension set, request, value, duration or NaN, shape or -1. */
  readonly numbers: Float64Array;
  readonly payloads: readonly (string | null)[];
  /** By row, ascending; JSON. Few have one. */
  readonly distributions: ReadonlyMap<number, string>;
  readonly rowCount: number;
  readonly definitions: readonly Definition[];
  /** Forget every definition of earlier batches; their numbers are used again. */
  readonly reset: boolean;
  readonly keyed: readonly KeyedRows[];
  /** Rows of types that say what is the case. */
  readonly stateRows: readonly number[];
  /** A row of each submission by which an instance is heard of: see `isPerInstance` in the catalogue. */
  readonly reportRows: readonly number[];
}

export const COLUMNS_PER_ROW = 7;

/** A measurement without its texts, as an object. */
const BYTES_PER_ROW = 200;

/** A character takes up to two bytes. */
function bytesOfValue(value: unknown): number {
  return typeof value === "string" ? 2 * value.length : 16;
}

/** Rows of a batch: from `start`, before `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** What both sides remember at the most; beyond, both start anew, so that memory is bounded. */
const REFS_MAX = 50_000;
const CHARACTERS_MAX = 8_000_000;

/** Collects submissions into batches. One for the life of a writer: it knows which definitions the writer has. */
export class BatchBuilder {
  readonly #dimensionSets = new Map<DimensionSet, number>();
  readonly #named = new Map<string, number>();
  #nextRef = 0;
  #characters = 0;
  #numbers: number[] = [];
  #payloads: (string | null)[] = [];
  #distributions = new Map<number, string>();
  #definitions: Definition[] = [];
  #keyed: KeyedRows[] = [];
  #stateRows: number[] = [];
  #reportRows: number[] = [];
  #reset = false;

  get rowCount(): number {
    return this.#payloads.length;
  }

  rowsOf({ measurements }: Submission): number {
    return measurements.length;
  }

  bytesOf({ measurements }: Submission): number {
    let bytes = 0;
    for (const { otherValues, metadataValues } of measurements) {
      bytes += BYTES_PER_ROW;
      for (const value of otherValues) bytes += bytesOfValue(value);
      for (const value of metadataValues) bytes += bytesOfValue(value);
    }
    return bytes;
  }

  isEmpty({ rowCount, keyed }: Batch): boolean {
    return rowCount === 0 && keyed.length === 0;
  }

  add(submission: Submission): void {
    const start = this.rowCount;
    const source = this.#refOfSource(submission.source);
    let isReport = false;
    for (const measurement of submission.measurements) {
      const { otherValues, metadataValues, durationMs } = measurement;
      const hasPayload = otherValues.length + metadataValues.length > 0;
      this.#numbers.push(
        measurement.timestampMs,
        source,
        this.#refOfDimensionSet(measurement.dimensions),
        submission.requestNumber,
        measurement.value,
        durationMs ?? Number.NaN,
        hasPayload ? this.#refOfShape(measurement) : -1,
      );
      const { isState, isPerInstance } = measurement.dimensions.type;
      if (isState) this.#stateRows.push(this.rowCount);
      if (isPerInstance && !isReport) this.#reportRows.push(this.rowCount);
      isReport ||= isPerInstance === true;
      if (measurement.distribution !== undefined)
        this.#distributions.set(this.rowCount, writeDistribution(measurement.distribution));
      this.#payloads.push(hasPayload ? payloadJson(otherValues, metadataValues) : null);
    }
    if (submission.idempotency !== undefined) {
      const { apiKeyId } = submission.source;
      const { idempotency, series = [] } = submission;
      this.#keyed.push({ ...idempotency, apiKeyId, start, end: this.rowCount, series });
    }
  }

  /**
   * Everything added since the last call. The writer must see every batch that is not empty, in this order;
   * an empty one tells it nothing and may be dropped.
   */
  take(): Batch {
    const batch: Batch = {
      numbers: new Float64Array(this.#numbers),
      payloads: this.#payloads,
      distributions: this.#distributions,
      rowCount: this.rowCount,
      definitions: this.#definitions,
      reset: this.#reset,
      keyed: this.#keyed,
      stateRows: this.#stateRows,
      reportRows: this.#reportRows,
    };
    this.#numbers = [];
    this.#payloads = [];
    this.#distributions = new Map();
    this.#definitions = [];
    this.#keyed = [];
    this.#stateRows = [];
    this.#reportRows = [];
    // The next batch that is not dropped must say it.
    if (!this.isEmpty(batch)) this.#reset = false;
    if (this.#nextRef > REFS_MAX || this.#characters > CHARACTERS_MAX) this.#forget();
    return batch;
  }

  #forget(): void {
    this.#dimensionSets.clear();
    this.#named.clear();
    this.#nextRef = 0;
    this.#characters = 0;
    this.#reset = true;
  }

  #refOfDimensionSet(set: DimensionSet): number {
    let ref = this.#dimensionSets.get(set);
    if (ref === undefined) {
      ref = this.#nextRef++;
      this.#dimensionSets.set(set, ref);
      this.#characters += set.json.length;
      this.#definitions.push({
        kind: "dimension_set",
        ref,
        metricType: set.type.name,
        json: set.json,
      });
    }
    return ref;
  }

  #refOfSource(source: Source): number {
    const name = `${source.apiKeyId} ${source.service} ${source.instanceId} ${source.version}`;
    return this.#refOfName(name, (ref) => ({ kind: "source", ref, source }));
  }

  #refOfShape({ otherKeys, metadataKeys }: Measurement): number {
    return this.#refOfName(nameOfShape(otherKeys, metadataKeys), (ref) => ({
      kind: "shape",
      ref,
      dimensionKeys: JSON.stringify(otherKeys),
      metadataKeys: JSON.stringify(metadataKeys),
    }));
  }

  #refOfName(name: string, define: (ref: number) => Definition): number {
    let ref = this.#named.get(name);
    if (ref === undefined) {
      ref = this.#nextRef++;
      this.#named.set(name, ref);
      this.#characters += name.length;
      this.#definitions.push(define(ref));
    }
    return ref;
  }
}

/**
 * A text that no other shape has. Dimension keys hold neither "," nor "\n"; metadata keys may hold
 * anything, and those that hold a "\n" are spelt out.
 */
function nameOfShape(otherKeys: readonly string[], metadataKeys: readonly string[]): string {
  const isPlain = !metadataKeys.some((key) => key.includes("\n"));
  const spelling = isPlain ? `\n${metadataKeys.join("\n")}` : `\t${JSON.stringify(metadataKeys)}`;
  return otherKeys.join(",") + spelling;
}

function payloadJson(otherValues: readonly unknown[], metadataValues: readonly unknown[]): string {
  const values = otherValues.length === 0 ? metadataValues : [...otherValues, ...metadataValues];
  return JSON.stringify(values);
}
