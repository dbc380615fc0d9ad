import { dimensionText, isSuccess } from "../../catalogue/dimension-value.ts";
import { durationOf } from "../rollups/group.ts";
import type { Dictionaries } from "./dictionaries.ts";
import type { Groups } from "./groups.ts";
import type { OpenGroup } from "./open-group.ts";
import type { Plan } from "./planner.ts";
import { exact, exactOrNull, type JsonRow } from "./rows-json.ts";
import type { Selector } from "./selector.ts";

/** One type of a query: which of its measurements, and where they are read from. */
export interface PlannedType {
  readonly selector: Selector;
  readonly plan: Plan;
}

/** Measurements of one service with one combination of dimensions. */
export interface RawGroup {
  readonly planned: PlannedType;
  readonly labels: readonly string[];
  readonly outcome: boolean | undefined;
  /** Found when the first measurement is added: one that is out of range makes no group. */
  group: OpenGroup | undefined;
}

/** A measurement as queries read it: id, ts, source, dimension set, value, duration. */
export const RAW_CELLS = `
  json_array(id, ts, source_id, dimension_set_id, ${exact("value")}, ${exactOrNull("duration_ms")})`;
export const RAW_COLUMNS = "id, ts, source_id, dimension_set_id, value, duration_ms";

/** Finds the group of a measurement by its source and its dimension set. */
export class RawGroups {
  readonly #dictionaries: Dictionaries;
  readonly #types: ReadonlyMap<string, PlannedType>;
  readonly #groups: Groups;
  /** Dimension set → source → group; undefined for what the query does not take. */
  readonly #found = new Map<number, Map<number, RawGroup | undefined>>();

  constructor(dictionaries: Dictionaries, types: readonly PlannedType[], groups: Groups) {
    this.#dictionaries = dictionaries;
    this.#types = new Map(types.map((planned) => [planned.selector.type.name, planned]));
    this.#groups = groups;
  }

  /** Read what `rows` refer to, and let `find` find it. */
  load(rows: readonly JsonRow[]): void {
    const missing = rows.filter((row) => !this.#found.get(Number(row[3]))?.has(Number(row[2])));
    if (missing.length === 0) return;
    this.#dictionaries.sources.load(missing.map((row) => Number(row[2])));
    this.#dictionaries.dimensionSets.load(missing.map((row) => Number(row[3])));
    for (const row of missing) this.#add(Number(row[2]), Number(row[3]));
  }

  find(sourceId: number, dimensionSetId: number): RawGroup | undefined {
    return this.#found.get(dimensionSetId)?.get(sourceId);
  }

  /** Add one of its measurements to a group. */
  add(raw: RawGroup, row: JsonRow): void {
    raw.group ??= this.#groups.find(raw.labels);
    const value = Number(row[4]);
    const sentMs = row[5] === null ? Number.NaN : Number(row[5]);
    raw.group.addMeasurement(value, durationOf(raw.planned.selector.type, value, sentMs), raw.outcome);
  }

  #add(sourceId: number, dimensionSetId: number): void {
    let bySource = this.#found.get(dimensionSetId);
    if (bySource === undefined) {
      bySource = new Map();
      this.#found.set(dimensionSetId, bySource);
    }
    if (!bySource.has(sourceId)) bySource.set(sourceId, this.#create(sourceId, dimensionSetId));
  }

  #create(sourceId: number, dimensionSetId: number): RawGroup | undefined {
    const { type, sent } = this.#dictionaries.dimensionSets.get(dimensionSetId);
    const planned = this.#types.get(type);
    if (planned === undefined) return undefined;
    const { selector } = planned;
    const text = (name: string) => dimensionText(selector.type, name, sent[name]);
    const { service } = this.#dictionaries.sources.get(sourceId);
    const labels = selector.labelsOf(service, selector.dimensions.map(text));
    if (labels === undefined) return undefined;
    return { planned, labels, outcome: isSuccess(selector.type, sent), group: undefined };
  }
}
