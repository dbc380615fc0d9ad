import type { Database } from "../file/database.ts";
import { asColumns, readColumns } from "./columns.ts";

/** Entries of each kind kept, some 10 MB; beyond, all are forgotten and read again as they are met. */
const ENTRIES_MAX = 50_000;

/** Rows by id, read when they are first met. They must never change, nor their ids be used again. */
class Dictionary<Entry> {
  readonly #entries = new Map<number, Entry>();
  readonly #read: (idsJson: string) => Iterable<readonly [number, Entry]>;

  constructor(read: (idsJson: string) => Iterable<readonly [number, Entry]>) {
    this.#read = read;
  }

  /** Read those of `ids` that are not known, in one statement, so that `get` finds all of them. */
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

/** A row of `sources`: who sent a measurement. */
export interface StoredSource {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
}

/** A row of `dimension_sets`: a metric type with one combination of its catalogued dimensions. */
export interface StoredDimensionSet {
  readonly type: string;
  /** Catalogued dimensions as they were sent. */
  readonly sent: Readonly<Record<string, unknown>>;
  /** The same as a JSON object. */
  readonly json: string;
}

/**
 * A row of `shapes`: the keys of what stays with a measurement; its `payload` holds their values in this
 * order.
 */
export interface StoredShape {
  readonly dimensionKeys: readonly string[];
  readonly metadataKeys: readonly string[];
  /** About as long are the keys in JSON. */
  readonly bytes: number;
}

const BY_IDS = "WHERE id IN (SELECT value FROM json_each(?))";
const SOURCES = `SELECT ${asColumns(["id", "service", "version", "instance_id"])} FROM sources ${BY_IDS}`;
const SETS = `SELECT ${asColumns(["id", "metric_type", "dimensions"])} FROM dimension_sets ${BY_IDS}`;
const SHAPES = `SELECT ${asColumns(["id", "dimension_keys", "metadata_keys"])} FROM shapes ${BY_IDS}`;

export type Dictionaries = ReturnType<typeof createDictionaries>;

/**
 * What measurements refer to, remembered from one query to the next: rows that are never changed or deleted.
 */
export function createDictionaries(database: Database) {
  /** The entries of these ids, each made of the texts of its row. */
  const read = <Entry>(sql: string, ids: string, create: (texts: readonly string[]) => Entry) => {
    const [found = [], ...columns] = readColumns(database.first(sql, ids), 4);
    return found.map((id, row): [number, Entry] => [
      Number(id),
      create(columns.map((column) => String(column[row]))),
    ]);
  };
  return {
    sources: new Dictionary<StoredSource>((ids) =>
      read(SOURCES, ids, ([service = "", version = "", instanceId = ""]) => ({
        service,
        version,
        instanceId,
      })),
    ),
    dimensionSets: new Dictionary<StoredDimensionSet>((ids) =>
      read(SETS, ids, ([type = "", json = ""]) => ({ type, sent: JSON.parse(json), json })),
    ),
    shapes: new Dictionary<StoredShape>((ids) =>
      read(SHAPES, ids, ([dimensionKeys = "", metadataKeys = ""]) => ({
        dimensionKeys: JSON.parse(dimensionKeys),
        metadataKeys: JSON.parse(metadataKeys),
        bytes: dimensionKeys.length + metadataKeys.length,
      })),
    ),
  };
}
