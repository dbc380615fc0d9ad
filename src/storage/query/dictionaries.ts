import type { Database } from "../database.ts";
import { parseRows } from "./rows-json.ts";

/** Entries kept; beyond, all are forgotten and read again as they are met. */
const ENTRIES_MAX = 50_000;

/** Rows by id, read when they are first met. They must never change, nor their ids be used again. */
class Dictionary<Entry> {
  readonly #entries = new Map<number, Entry>();
  readonly #read: (idsJson: string) => Iterable<readonly [number, Entry]>;

  constructor(read: (idsJson: string) => Iterable<readonly [number, Entry]>) {
    this.#read = read;
  }

  /** Let `get` find `ids`. */
  load(ids: Iterable<number>): void {
    const wanted = new Set(ids);
    let missing = [...wanted].filter((id) => !this.#entries.has(id));
    if (missing.length === 0) return;
    if (this.#entries.size + missing.length > ENTRIES_MAX) {
      this.#entries.clear();
      missing = [...wanted];
    }
    for (const [id, entry] of this.#read(JSON.stringify(missing))) this.#entries.set(id, entry);
  }

  get(id: number): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`a measurement refers to ${id}, which is not there`);
    return entry;
  }
}

export interface Source {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
}

export interface DimensionSet {
  readonly type: string;
  /** Catalogued dimensions as they were sent. */
  readonly sent: Readonly<Record<string, unknown>>;
  /** The same as a JSON object. */
  readonly json: string;
}

export interface Shape {
  readonly dimensionKeys: readonly string[];
  readonly metadataKeys: readonly string[];
}

const BY_IDS = "WHERE id IN (SELECT value FROM json_each(?))";
const SOURCES = `SELECT json_group_array(json_array(id, service, version, instance_id)) AS found
  FROM sources ${BY_IDS}`;
const SETS = `SELECT json_group_array(json_array(id, metric_type, dimensions)) AS found FROM dimension_sets ${BY_IDS}`;
const SHAPES = `SELECT json_group_array(json_array(id, dimension_keys, metadata_keys)) AS found FROM shapes ${BY_IDS}`;

export type Dictionaries = ReturnType<typeof createDictionaries>;

/** What measurements refer to. Kept from one query to the next. */
export function createDictionaries(database: Database) {
  const rows = (sql: string, ids: string) => parseRows(database.first(sql, ids)?.found);
  return {
    sources: new Dictionary<Source>((ids) =>
      rows(SOURCES, ids).map(([id, service, version, instanceId]) => [
        Number(id),
        { service: String(service), version: String(version), instanceId: String(instanceId) },
      ]),
    ),
    dimensionSets: new Dictionary<DimensionSet>((ids) =>
      rows(SETS, ids).map(([id, type, json]) => [
        Number(id),
        { type: String(type), sent: JSON.parse(String(json)), json: String(json) },
      ]),
    ),
    shapes: new Dictionary<Shape>((ids) =>
      rows(SHAPES, ids).map(([id, dimensionKeys, metadataKeys]) => [
        Number(id),
        { dimensionKeys: JSON.parse(String(dimensionKeys)), metadataKeys: JSON.parse(String(metadataKeys)) },
      ]),
    ),
  };
}
