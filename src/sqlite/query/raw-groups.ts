import { dimensionText, isSuccess } from "../../catalogue/dimension-value.ts";
import { durationOf } from "../../store/plan/group.ts";
import type { Groups } from "../../store/plan/groups.ts";
import { OpenGroup } from "../../store/plan/open-group.ts";
import type { Plan } from "../../store/plan/planner.ts";
import type { Selector } from "../../store/plan/selector.ts";
import { exactNumber } from "./columns.ts";
import type { Dictionaries } from "./dictionaries.ts";
import type { RawRows } from "./raw-rows.ts";

/** One metric type of a query: which of its measurements, and where they are read from. */
export interface PlannedType {
  readonly selector: Selector;
  readonly plan: Plan;
  /** The sources whose measurements are taken; undefined: of all. */
  readonly sources?: ReadonlyMap<number, unknown>;
}

/** Measurements of one service with one combination of dimensions. */
export interface RawGroup {
  readonly planned: PlannedType;
  /** The values of the dimensions that the query groups by. */
  readonly labels: readonly string[];
  /** Whether they succeeded; undefined where the type has no outcome. */
  readonly outcome: boolean | undefined;
  /** Found when the first measurement is added: one that is out of range makes no group. */
  group: OpenGroup | undefined;
}

/**
 * Finds the group of a measurement by its source and its dimension set: labels are compared once a
 * combination, not once a row. For one query.
 */
export class RawGroups {
  readonly #dictionaries: Dictionaries;
  readonly #types: ReadonlyMap<string, readonly PlannedType[]>;
  readonly #groups: Groups;
  /** Source → dimension set → group; null for what the query does not take. */
  readonly #found = new Map<number, Map<number, RawGroup | null>>();
  /** The measurement that is subtracted now; one object for all of them, since it has 13 KB of bins. */
  #subtracted: OpenGroup | undefined;
  /** The source that was looked for last: one sends many measurements together. */
  #lastSourceId = Number.NaN;
  #lastSource = new Map<number, RawGroup | null>();

  constructor(dictionaries: Dictionaries, types: readonly PlannedType[], groups: Groups) {
    this.#dictionaries = dictionaries;
    this.#types = Map.groupBy(types, ({ selector }) => selector.type.name);
    this.#groups = groups;
  }

  /** The group of each of `rows`, undefined for what the query does not take. */
  find({ sourceIds, dimensionSetIds }: RawRows): readonly (RawGroup | undefined)[] {
    const found: (RawGroup | undefined)[] = [];
    const unknown: number[] = [];
    for (const [row, sourceId] of sourceIds.entries()) {
      const raw = this.#ofSource(sourceId).get(dimensionSetIds[row] ?? 0);
      if (raw === undefined) unknown.push(row);
      found.push(raw ?? undefined);
    }
    if (unknown.length === 0) return found;
    this.#dictionaries.sources.load(unknown.map((row) => sourceIds[row] ?? 0));
    this.#dictionaries.dimensionSets.load(unknown.map((row) => dimensionSetIds[row] ?? 0));
    for (const row of unknown) {
      found[row] = this.#findOrCreate(sourceIds[row] ?? 0, dimensionSetIds[row] ?? 0) ?? undefined;
    }
    return found;
  }

  /** Add measurement `index` of `rows` to its group. */
  add(raw: RawGroup, rows: RawRows, index: number): void {
    raw.group ??= this.#groups.find(raw.labels);
    addTo(raw.group, raw, rows, index);
  }

  /**
   * Subtract measurement `index` of `rows` from its group: a rollup row holds it that reaches beyond the
   * range.
   */
  remove(raw: RawGroup, rows: RawRows, index: number): void {
    raw.group ??= this.#groups.find(raw.labels);
    this.#subtracted ??= new OpenGroup([], raw.group.durations !== undefined);
    addTo(this.#subtracted, raw, rows, index);
    raw.group.removeGroup(this.#subtracted);
    this.#subtracted.clear();
  }

  #ofSource(sourceId: number): Map<number, RawGroup | null> {
    if (sourceId === this.#lastSourceId) return this.#lastSource;
    let bySet = this.#found.get(sourceId);
    if (bySet === undefined) {
      bySet = new Map();
      this.#found.set(sourceId, bySet);
    }
    this.#lastSourceId = sourceId;
    this.#lastSource = bySet;
    return bySet;
  }

  #findOrCreate(sourceId: number, dimensionSetId: number): RawGroup | null {
    const bySet = this.#ofSource(sourceId);
    const known = bySet.get(dimensionSetId);
    if (known !== undefined) return known;
    const raw = this.#create(sourceId, dimensionSetId) ?? null;
    bySet.set(dimensionSetId, raw);
    return raw;
  }

  #create(sourceId: number, dimensionSetId: number): RawGroup | undefined {
    const { type, sent } = this.#dictionaries.dimensionSets.get(dimensionSetId);
    for (const planned of this.#types.get(type) ?? []) {
      const { selector, sources } = planned;
      if (sources?.has(sourceId) === false) continue;
      const text = (name: string) => dimensionText(selector.type, name, sent[name]);
      const { service } = this.#dictionaries.sources.get(sourceId);
      const labels = selector.labelsOf(service, selector.dimensions.map(text));
      if (labels === undefined) continue;
      return { planned, labels, outcome: isSuccess(selector.type, sent), group: undefined };
    }
    return undefined;
  }
}

function addTo(group: OpenGroup, raw: RawGroup, rows: RawRows, index: number): void {
  const { ids, values, durationsMs, distributions } = rows;
  const value = exactNumber(values[index]);
  const sentMs = exactNumber(durationsMs[index]);
  const distribution = distributions.size === 0 ? undefined : distributions.get(ids[index] ?? 0);
  if (distribution !== undefined) group.addSeveral(distribution, value, sentMs, raw.outcome);
  else group.addMeasurement(value, durationOf(raw.planned.selector.type, value, sentMs), raw.outcome);
}
