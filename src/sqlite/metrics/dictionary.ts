import type { Batch, Definition } from "../../store/batch.ts";
import { repairJson } from "../file/bind.ts";
import type { Database } from "../file/database.ts";

/**
 * The writer's side of the dictionaries: a batch's numbers → row ids of `sources`, `dimension_sets` and
 * `shapes`.
 *
 * `BatchBuilder` on the main thread numbers each of them and sends it once, with the batch that needs it
 * first. A row id found or made inside a transaction counts only once that committed; a definition outlives a
 * rollback, since the other side will not send it again. The builder bounds both sides, and says which API keys
 * both forget the definitions of.
 */
export class Dictionary {
  readonly #database: Database;
  readonly #definitions = new Map<number, Definition>();
  readonly #rowIds = new Map<number, number>();
  readonly #refsOfKey = new Map<number, number[]>();
  #uncommitted: number[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** Take in what a batch defines, before its transaction, after forgetting what it says is forgotten. */
  define({ definitions, forgotten }: Pick<Batch, "definitions" | "forgotten">): void {
    for (const apiKeyId of forgotten) this.#forget(apiKeyId);
    for (const definition of definitions) {
      const { ref, apiKeyId } = definition;
      this.#definitions.set(ref, repaired(definition));
      const refs = this.#refsOfKey.get(apiKeyId);
      if (refs === undefined) this.#refsOfKey.set(apiKeyId, [ref]);
      else refs.push(ref);
    }
  }

  /** Definitions that are remembered. */
  get size(): number {
    return this.#definitions.size;
  }

  /** What a batch defined `ref` as. @throws for a number that none did: batches were lost or reordered. */
  definition(ref: number): Definition {
    const definition = this.#definitions.get(ref);
    if (definition === undefined) throw new Error(`a batch refers to ${ref}, which no batch defined`);
    return definition;
  }

  /** The row id of `ref`, which is inserted when no row has its values; inside a transaction. */
  rowId(ref: number): number {
    const known = this.#rowIds.get(ref);
    if (known !== undefined) return known;
    const rowId = this.#findOrInsert(this.definition(ref));
    this.#rowIds.set(ref, rowId);
    this.#uncommitted.push(ref);
    return rowId;
  }

  /** The transaction has committed: its row ids hold. */
  committed(): void {
    this.#uncommitted = [];
  }

  /** It has not: SQLite will give the ids that it made to other rows. */
  rolledBack(): void {
    for (const ref of this.#uncommitted) this.#rowIds.delete(ref);
    this.#uncommitted = [];
  }

  #forget(apiKeyId: number): void {
    for (const ref of this.#refsOfKey.get(apiKeyId) ?? []) {
      this.#definitions.delete(ref);
      this.#rowIds.delete(ref);
    }
    this.#refsOfKey.delete(apiKeyId);
  }

  #findOrInsert(definition: Definition): number {
    const { table, columns, values } = describe(definition);
    const where = columns.map((column) => `${column} = ?`).join(" AND ");
    const found = this.#database.first(`SELECT id FROM ${table} WHERE ${where}`, ...values);
    if (found !== undefined) return Number(found.id);
    const marks = columns.map(() => "?").join(", ");
    const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks}) RETURNING id`;
    return Number(this.#database.first(sql, ...values)?.id);
  }
}

/** The definition as it can be stored. Keys of dimensions are names that validation has checked. */
function repaired(definition: Definition): Definition {
  switch (definition.kind) {
    case "source":
      return definition;
    case "dimension_set":
      return { ...definition, json: repairJson(definition.json) };
    case "shape":
      return { ...definition, metadataKeys: repairJson(definition.metadataKeys) };
  }
}

/**
 * Where a definition is stored, and what it is found by. Constant names only: the SQL is built from this
 * table, never from what a client sent.
 */
function describe(definition: Definition) {
  switch (definition.kind) {
    case "source": {
      const { service, version, instanceId, apiKeyId } = definition.source;
      const columns = ["service", "version", "instance_id", "api_key_id"];
      return { table: "sources", columns, values: [service, version, instanceId, apiKeyId] };
    }
    case "dimension_set": {
      const columns = ["metric_type", "dimensions"];
      return { table: "dimension_sets", columns, values: [definition.metricType, definition.json] };
    }
    case "shape": {
      const columns = ["dimension_keys", "metadata_keys"];
      return { table: "shapes", columns, values: [definition.dimensionKeys, definition.metadataKeys] };
    }
  }
}
