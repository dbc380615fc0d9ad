import type { DimensionSet, Measurement } from "../catalogue/measurement.ts";
import { BoundedShares, bytesOfText, type FilledShare } from "../lib/bounded-shares.ts";
import { writeDistribution } from "./distribution.ts";
import type { IdempotencyRecord, SeriesUpdate, Source, Submission } from "./submission.ts";

/**
 * A dictionary row that the writer meets for the first time, under the number that batches use for it, and no
 * other ever. What one API key brings is another's only by the same row: each forgets its own.
 */
export type Definition = { readonly ref: number; readonly apiKeyId: number } & (
  | { readonly kind: "source"; readonly source: Source }
  | { readonly kind: "dimension_set"; readonly metricType: string; readonly json: string }
  | { readonly kind: "shape"; readonly dimensionKeys: string; readonly metadataKeys: string }
);

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
  /** API keys, whose definitions of earlier batches are to be forgotten. */
  readonly forgotten: readonly number[];
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

/** Numbers of what an API key has sent before. */
interface Refs {
  readonly dimensionSets: Map<DimensionSet, number>;
  readonly named: Map<string, number>;
}

/** What a number and a definition take on both sides, without their texts. */
const REF_BYTES = 400;

/** Collects submissions into batches. One for the life of a writer: it knows which definitions the writer has. */
export class BatchBuilder {
  /** What both sides remember; of a key whose share is full, both start anew. */
  readonly #shares = new BoundedShares<number, Refs>(() => ({ dimensionSets: new Map(), named: new Map() }));
  #nextRef = 0;
  #numbers: number[] = [];
  #payloads: (string | null)[] = [];
  #distributions = new Map<number, string>();
  #definitions: Definition[] = [];
  #keyed: KeyedRows[] = [];
  #stateRows: number[] = [];
  #reportRows: number[] = [];
  #forgotten: readonly number[] = [];

  /** What both sides remember takes so much, roughly. */
  get rememberedBytes(): number {
    return this.#shares.bytes;
  }

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
    const { apiKeyId } = submission.source;
    const share = this.#shares.of(apiKeyId);
    const source = this.#refOfSource(share, submission.source);
    let isReport = false;
    for (const measurement of submission.measurements) {
      const { otherValues, metadataValues, durationMs } = measurement;
      const hasPayload = otherValues.length + metadataValues.length > 0;
      this.#numbers.push(
        measurement.timestampMs,
        source,
        this.#refOfDimensionSet(share, apiKeyId, measurement.dimensions),
        submission.requestNumber,
        measurement.value,
        durationMs ?? Number.NaN,
        hasPayload ? this.#refOfShape(share, apiKeyId, measurement) : -1,
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
      forgotten: this.#forgotten,
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
    if (!this.isEmpty(batch)) this.#forgotten = [];
    // Not before: what has been gathered goes by these numbers.
    const forgotten = this.#shares.forgetExcess();
    if (forgotten.length > 0) this.#forgotten = [...new Set([...this.#forgotten, ...forgotten])];
    return batch;
  }

  #refOfDimensionSet(share: FilledShare<Refs>, apiKeyId: number, set: DimensionSet): number {
    let ref = share.content.dimensionSets.get(set);
    if (ref === undefined) {
      ref = this.#nextRef++;
      const { type, json } = set;
      share.content.dimensionSets.set(set, ref);
      // The set with its values, which may not be remembered elsewhere any more, and a copy of its text.
      this.#shares.grow(share, REF_BYTES + 3 * bytesOfText(json));
      this.#definitions.push({ kind: "dimension_set", ref, apiKeyId, metricType: type.name, json });
    }
    return ref;
  }

  #refOfSource(share: FilledShare<Refs>, source: Source): number {
    const { apiKeyId, service, instanceId, version } = source;
    const name = `${service} ${instanceId} ${version}`;
    return this.#refOfName(share, name, (ref) => ({ kind: "source", ref, apiKeyId, source }));
  }

  #refOfShape(share: FilledShare<Refs>, apiKeyId: number, { otherKeys, metadataKeys }: Measurement): number {
    return this.#refOfName(share, nameOfShape(otherKeys, metadataKeys), (ref) => ({
      kind: "shape",
      ref,
      apiKeyId,
      dimensionKeys: JSON.stringify(otherKeys),
      metadataKeys: JSON.stringify(metadataKeys),
    }));
  }

  #refOfName(share: FilledShare<Refs>, name: string, define: (ref: number) => Definition): number {
    const { named } = share.content;
    let ref = named.get(name);
    if (ref === undefined) {
      ref = this.#nextRef++;
      named.set(name, ref);
      this.#shares.grow(share, REF_BYTES + 2 * bytesOfText(name));
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
