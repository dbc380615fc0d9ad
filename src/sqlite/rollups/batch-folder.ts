import { BoundedShares, bytesOfText } from "../../lib/bounded-shares.ts";
import { type Batch, COLUMNS_PER_ROW, type Definition, type RowRange } from "../../store/batch.ts";
import { readDistribution } from "../../store/distribution.ts";
import type { Group } from "../../store/plan/group.ts";
import type { Database } from "../file/database.ts";
import type { Dictionary } from "../metrics/dictionary.ts";
import type { Rollups } from "./rollups.ts";

/** By the numbers of dimension sets; undefined where rollups know nothing of the type. */
type GroupsOfService = Map<number, Group | undefined>;

/** What a group takes without the texts of its dimensions, of which it has one copy or two. */
const GROUP_BYTES = 700;

type SourceDefinition = Extract<Definition, { readonly kind: "source" }>;

/** Adds what a commit stored to the rollups in memory. On the writer thread, between two transactions. */
export class BatchFolder {
  readonly #database: Database;
  readonly #rollups: Rollups;
  readonly #dictionary: Dictionary;
  /** Of what an API key brings, by service: however many instances and versions that has. */
  readonly #groups = new BoundedShares<number, Map<string, GroupsOfService>>(() => new Map());

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
    for (const apiKeyId of batch.forgotten) this.#groups.forget(apiKeyId);
    if (inserted.length === 0) return;
    try {
      const count = inserted.reduce((sum, { start, end }) => sum + end - start, 0);
      this.#rollups.committed(this.#lastMeasurementId(), count, () => {
        for (const range of inserted) this.#add(batch, range);
      });
      this.#groups.forgetExcess();
      while (this.#rollups.isFull) this.#rollups.flushStep(nowMs);
    } catch {
      this.#rollups.restart();
    }
  }

  #add({ numbers, distributions }: Batch, { start, end }: RowRange): void {
    // The rows of a request follow each other, and have one source.
    let sourceRef = Number.NaN;
    let source: SourceDefinition | undefined;
    let groups: GroupsOfService = new Map();
    for (let row = start; row < end; row += 1) {
      const at = row * COLUMNS_PER_ROW;
      const ref = numbers[at + 1] ?? -1;
      if (ref !== sourceRef || source === undefined) {
        sourceRef = ref;
        source = this.#sourceOf(ref);
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

  #sourceOf(ref: number): SourceDefinition {
    const definition = this.#dictionary.definition(ref);
    if (definition.kind !== "source") throw new Error("a batch mixes its numbers");
    return definition;
  }

  #groupsOf({ apiKeyId, source: { service } }: SourceDefinition): GroupsOfService {
    const { content } = this.#groups.of(apiKeyId);
    const known = content.get(service);
    if (known !== undefined) return known;
    const groups: GroupsOfService = new Map();
    content.set(service, groups);
    return groups;
  }

  #groupOf(groups: GroupsOfService, source: SourceDefinition, dimensionSetRef: number): Group | undefined {
    if (groups.has(dimensionSetRef)) return undefined;
    const set = this.#dictionary.definition(dimensionSetRef);
    if (set.kind !== "dimension_set") throw new Error("a batch mixes its numbers");
    const group = this.#rollups.group(source.source.service, set.metricType, set.json);
    groups.set(dimensionSetRef, group);
    this.#groups.grow(this.#groups.of(source.apiKeyId), GROUP_BYTES + 2 * bytesOfText(set.json));
    return group;
  }

  #lastMeasurementId(): number {
    return Number(
      this.#database.first("SELECT seq FROM sqlite_sequence WHERE name = 'measurements'")?.seq ?? 0,
    );
  }
}
