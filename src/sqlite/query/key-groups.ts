import type { Groups } from "../../store/plan/groups.ts";
import type { OpenGroup } from "../../store/plan/open-group.ts";
import type { RollupFamily } from "../../store/plan/planner.ts";
import type { Selector } from "../../store/plan/selector.ts";
import type { Database } from "../file/database.ts";
import { asColumns, readColumns } from "./columns.ts";

const KEYS = `SELECT ${asColumns(["id", "service", "json(dimension_values)"])} FROM rollup_keys`;
const OF_FAMILY = `${KEYS} WHERE family_id = ?`;
const OF_SERVICES = `${OF_FAMILY} AND service IN (SELECT value FROM json_each(?))`;

const COUNT = "SELECT count(*) AS count FROM rollup_keys WHERE family_id = ?";
/** How many rows a scan passes in the time that one is looked up by its key. */
const SEEK_COST = 10;

/**
 * Which rollup keys of a family a query takes, and into which group. Read anew for every query: keys come and
 * go with retention, and their ids may be used again, so that a remembered one could mean another
 * combination.
 */
export class KeyGroups {
  /** Undefined when all keys of the family are taken. */
  readonly ids: readonly number[] | undefined;
  /** Whether so few are taken that their rows are better looked up one by one than found in a scan of all. */
  readonly areFew: boolean;
  readonly #labels = new Map<number, readonly string[]>();
  readonly #groups: Groups;
  readonly #found: (OpenGroup | undefined)[] = [];

  constructor(database: Database, family: RollupFamily, selector: Selector, groups: Groups) {
    this.#groups = groups;
    const { services } = selector;
    const row =
      services === undefined
        ? database.first(OF_FAMILY, family.id)
        : database.first(OF_SERVICES, family.id, JSON.stringify(services));
    const [ids, names, combinations] = readColumns(row, 3) as [number[], string[], (string | null)[][]];
    const places = selector.dimensions.map((name) => family.dimensions.indexOf(name));
    for (const [index, id] of ids.entries()) {
      const labels = selector.labelsOf(
        names[index] ?? "",
        places.map((place) => combinations[index]?.[place] ?? null),
      );
      if (labels !== undefined) this.#labels.set(id, labels);
    }
    const total = services === undefined ? ids.length : Number(database.first(COUNT, family.id)?.count);
    this.ids = this.#labels.size === total ? undefined : [...this.#labels.keys()];
    this.areFew = this.#labels.size * SEEK_COST < total;
  }

  /** The group of a key; undefined when it is not taken. */
  find(keyId: number): OpenGroup | undefined {
    const found = this.#found[keyId];
    if (found !== undefined) return found;
    const labels = this.#labels.get(keyId);
    if (labels === undefined && this.ids !== undefined) return undefined;
    if (labels === undefined) throw new Error(`rollups refer to the key ${keyId}, which is not there`);
    const group = this.#groups.find(labels);
    this.#found[keyId] = group;
    return group;
  }
}
