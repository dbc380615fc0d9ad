import { type Batch, COLUMNS_PER_ROW, type RowRange } from "../../store/batch.ts";
import { readDistribution } from "../../store/distribution.ts";
import type { Group } from "../../store/plan/group.ts";
import type { Database } from "../file/database.ts";
import type { Dictionary } from "../metrics/dictionary.ts";
import type { Rollups } from "./rollups.ts";

/**
 * Groups that are remembered, of a kilobyte each, and so 100 MB at the most; beyond, all are found anew.
 * Clients choose how many there are: every instance of a service has its own for every combination of
 * dimensions.
 */
const GROUPS_MAX = 100_000;

/** By dimension set; undefined where rollups know nothing of the type. */
type GroupsOfSource = Map<number, Group | undefined>;

/** Adds what a commit stored to the rollups in memory. On the writer thread, between two transactions. */
export class BatchFolder {
  readonly #database: Database;
  readonly #rollups: Rollups;
  readonly #dictionary: Dictionary;
  /** Source → dimension set → group, by the numbers that batches use. */
  readonly #groups = new Map<number, GroupsOfSource>();
  #groupCount = 0;

  constructor(database: Database, rollups: Rollups, dictionary: Dictionary) {
    this.#database = database;
    this.#rollups = rollups;
    this.#dictionary = dictionary;
  }

  /**
   * Add the rows `inserted` of a batch that has just been committed. Never throws: the rows are stored, and
   * must be acknowledged. What cannot be added now is read again from them by the next `flushStep`. Where too
   * much waits, some of it is written first, and the commit's answer waits for that: memory stays bounded.
   */
  fold(batch: Batch, inserted: readonly RowRange[], nowMs: number): void {
    if (batch.reset || this.#groupCount >= GROUPS_MAX) this.#forget();
    if (inserted.length === 0) return;
    try {
      const count = inserted.reduce((sum, { start, end }) => sum + end - start, 0);
      this.#rollups.committed(this.#lastMeasurementId(), count, () => {
        for (const range of inserted) this.#add(batch, range);
      });
      while (this.#rollups.isFull) this.#rollups.flushStep(nowMs);
    } catch {
      this.#rollups.restart();
    }
  }

  #add({ numbers, distributions }: Batch, { start, end }: RowRange): void {
    // The rows of a request follow each other, and have one source.
    let source = Number.NaN;
    let groups: GroupsOfSource = new Map();
    for (let row = start; row < end; row += 1) {
      const at = row * COLUMNS_PER_ROW;
      const sourceRef = numbers[at + 1] ?? -1;
      if (sourceRef !== source) {
        source = sourceRef;
        groups = this.#groupsOf(source);
      }
      const dimensionSetRef = numbers[at + 2] ?? -1;
      const group = groups.get(dimensionSetRef) ?? this.#groupOf(groups, source, dimensionSetRef);
      if (group === undefined) continue;
      const timestampMs = numbers[at] ?? 0;
      const value = numbers[at + 4] ?? 0;
      const durationMs = numbers[at + 5] ?? Number.NaN;
      const distribution = distributions.size === 0 ? undefined : readDistribution(distributions.get(row));
      if (distribution === undefined) this.#rollups.add(group, timestampMs, value, durationMs);
      else this.#rollups.addSeveral(group, { timestampMs, value, durationMs, distribution });
    }
  }

  #groupsOf(sourceRef: number): GroupsOfSource {
    const known = this.#groups.get(sourceRef);
    if (known !== undefined) return known;
    const groups: GroupsOfSource = new Map();
    this.#groups.set(sourceRef, groups);
    return groups;
  }

  #groupOf(groups: GroupsOfSource, sourceRef: number, dimensionSetRef: number): Group | undefined {
    if (groups.has(dimensionSetRef)) return undefined;
    const group = this.#createGroup(sourceRef, dimensionSetRef);
    groups.set(dimensionSetRef, group);
    this.#groupCount += 1;
    return group;
  }

  #forget(): void {
    this.#groups.clear();
    this.#groupCount = 0;
  }

  #createGroup(sourceRef: number, dimensionSetRef: number): Group | undefined {
    const source = this.#dictionary.definition(sourceRef);
    const set = this.#dictionary.definition(dimensionSetRef);
    if (source.kind !== "source" || set.kind !== "dimension_set")
      throw new Error("a batch mixes its numbers");
    return this.#rollups.group(source.source.service, set.metricType, set.json);
  }

  #lastMeasurementId(): number {
    return Number(
      this.#database.first("SELECT seq FROM sqlite_sequence WHERE name = 'measurements'")?.seq ?? 0,
    );
  }
}
