import { invalidField } from "../../errors.ts";
import type { AggregateQuery, GroupAnswer } from "../queries.ts";
import { OpenGroup } from "./open-group.ts";
import type { Statistic } from "./statistics.ts";

/** Most numbers in an answer: some 10 MB of JSON in the worst case, and 50 ms of the event loop. */
export const ANSWER_VALUES_MAX = 100_000;

/**
 * The groups of a query. Rows come in order of time, so each group holds one open point, and memory does
 * not grow with the points.
 */
export class Groups {
  readonly #query: AggregateQuery;
  readonly #statistics: readonly Statistic[];
  readonly #points: number;
  readonly #withQuantiles: boolean;
  readonly #byLabels = new Map<string, OpenGroup>();
  readonly #values = new Map<OpenGroup, Float64Array>();

  constructor(query: AggregateQuery, statistics: readonly Statistic[], points: number) {
    this.#query = query;
    this.#statistics = statistics;
    this.#points = points;
    this.#withQuantiles = statistics.some(({ needs }) => needs === "quantiles");
    this.#rejectTooMany(1);
  }

  /** The group of these labels. @throws {ServiceError} `validation_failed` when there are too many. */
  find(labels: readonly string[]): OpenGroup {
    const name = JSON.stringify(labels);
    const known = this.#byLabels.get(name);
    if (known !== undefined) return known;
    this.#rejectTooMany(this.#byLabels.size + 1);
    const group = new OpenGroup(labels, this.#withQuantiles);
    this.#byLabels.set(name, group);
    return group;
  }

  /** Every row of point `index`, which lasts `seconds`, has been added. */
  closePoint(index: number, seconds: number): void {
    for (const group of this.#byLabels.values()) {
      if (group.count === 0) continue;
      const values = this.#valuesOf(group);
      for (const [column, { of }] of this.#statistics.entries()) {
        values[column * this.#points + index] = of(group, seconds);
      }
      group.clear();
    }
  }

  /** The statistics of all groups as one, while their only point is open. */
  totals(seconds: number): Float64Array | undefined {
    const all = new OpenGroup([], this.#withQuantiles);
    for (const group of this.#byLabels.values()) all.addGroup(group);
    return all.count === 0 ? undefined : Float64Array.from(this.#statistics, ({ of }) => of(all, seconds));
  }

  /** Groups without any measurement are left out. */
  answer(): readonly GroupAnswer[] {
    const found = [...this.#values].map(([{ labels }, values]) => ({ labels, values }));
    found.sort((a, b) => compareLabels(a.labels, b.labels));
    if (this.#query.top === undefined) return found;
    const rank = ({ values }: GroupAnswer) => values[0] ?? Number.NaN;
    const ranked = found.filter((group) => !Number.isNaN(rank(group)));
    return ranked.sort((a, b) => rank(b) - rank(a)).slice(0, this.#query.top);
  }

  #valuesOf(group: OpenGroup): Float64Array {
    let values = this.#values.get(group);
    if (values === undefined) {
      // What nothing says of the points in between: counts are 0, the rest is unknown.
      const empty = new OpenGroup([], false);
      values = new Float64Array(this.#points * this.#statistics.length);
      for (const [column, { of }] of this.#statistics.entries()) {
        values.fill(of(empty, 1), column * this.#points, (column + 1) * this.#points);
      }
      this.#values.set(group, values);
    }
    return values;
  }

  #rejectTooMany(groups: number): void {
    const { groupsMax, groupBy } = this.#query;
    if (groups > groupsMax) {
      throw invalidField(
        "group_by",
        "too_many",
        `more than ${groupsMax} combinations of ${groupBy.join(", ")}: filter some out`,
      );
    }
    const isRanking = this.#query.top !== undefined;
    const count = groups * this.#points * this.#statistics.length;
    if (count <= ANSWER_VALUES_MAX || isRanking) return;
    const product = `${groups} series of ${this.#points} points of ${this.#statistics.length} statistics`;
    throw invalidField(
      "step",
      "too_many",
      `${product} are ${count} values, at most ${ANSWER_VALUES_MAX}: use a longer step, or fewer series`,
    );
  }
}

function compareLabels(a: readonly string[], b: readonly string[]): number {
  for (const [index, label] of a.entries()) {
    const other = b[index] ?? "";
    if (label !== other) return label < other ? -1 : 1;
  }
  return 0;
}
