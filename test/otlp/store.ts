import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import type { DataPoint } from "../../src/otlp/data-point.ts";
import { type JudgedPoints, judgePoints } from "../../src/otlp/judge-points.ts";
import { decodeLastPoint, encodeLastPoint } from "../../src/otlp/last-point.ts";
import { createSeriesKeys } from "../../src/otlp/series-key.ts";
import type { LastPoint } from "../../src/otlp/since-last.ts";

export const NOW_NS = 1_800_000_000_000_000_000n;
const nameSeries = createSeriesKeys("gateway", new Map());

/** What is stored, and what is known of series, as the database has it between two requests. */
export class Store {
  count = 0;
  sum = 0;
  readonly #series = new Map<string, string>();

  async judge(points: readonly DataPoint[], room = 10): Promise<JudgedPoints> {
    return judgePoints(points, {
      intern: createDimensionSets(),
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

  commit({ measurements, counted }: JudgedPoints): void {
    for (const { value, distribution } of measurements) {
      this.sum += value;
      this.count += distribution?.count ?? 1;
    }
    for (const [key, last] of counted) this.#series.set(key, encodeLastPoint(last));
  }
}
