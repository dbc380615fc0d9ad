import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import {
  createSeriesKeys,
  decodeLastPoint,
  encodeLastPoint,
  type LastPoint,
} from "../../src/otlp/cumulative-series.ts";
import type { DataPoint } from "../../src/otlp/data-point.ts";
import { type ValidatedPoints, validatePoints } from "../../src/otlp/validate-points.ts";

export const NOW_NS = 1_800_000_000_000_000_000n;
const nameSeries = createSeriesKeys("gateway", new Map());

/** What is stored, and what is known of series, as the database has it between two requests. */
export class Store {
  count = 0;
  sum = 0;
  readonly #series = new Map<string, string>();

  async validate(points: readonly DataPoint[], room = 10): Promise<ValidatedPoints> {
    return validatePoints(points, {
      intern: createDimensionSets().of(1),
      pseudonymise: (name) => name,
      nowMs: Number(NOW_NS / 1_000_000n),
      nameSeries,
      lastPoints: new Map(
        [...this.#series].map(([key, json]): [string, LastPoint] => [key, decodeLastPoint(json)]),
      ),
      room,
      isSdk: false,
    });
  }

  commit({ measurements, counted }: ValidatedPoints): void {
    for (const { value, distribution } of measurements) {
      this.sum += value;
      this.count += distribution?.count ?? 1;
    }
    for (const [key, last] of counted) this.#series.set(key, encodeLastPoint(last));
  }
}
