import type { Database } from "../file/database.ts";

/** Series remembered, some 10 MB of them; beyond, all are forgotten and looked up anew. */
const KNOWN_MAX = 100_000;

const INSERT = `INSERT INTO server_series (server_number, metric_name, metric_type) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET metric_name = metric_name RETURNING id`;

/**
 * The ids of rows of `server_series` (server, metric, type), made when they are first needed. On the writer
 * thread only. Rows are never deleted, so that a remembered id holds for the life of the connection.
 */
export class SeriesIds {
  readonly #database: Database;
  readonly #known = new Map<string, number>();
  /** Made in the transaction that is under way. */
  #uncommitted: string[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** The id of a series, inside a transaction, of which `committed` or `rolledBack` reports the end. */
  idOf(server: number, name: string, type: string): number {
    // Neither a number nor a type holds a space.
    const label = `${server} ${type} ${name}`;
    const known = this.#known.get(label);
    if (known !== undefined) return known;
    const id = Number(this.#database.first(INSERT, server, name, type)?.id);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(label, id);
    this.#uncommitted.push(label);
    return id;
  }

  /** What the transaction has made is there. */
  committed(): void {
    this.#uncommitted = [];
  }

  /** What the transaction had made is not there. */
  rolledBack(): void {
    for (const label of this.#uncommitted) this.#known.delete(label);
    this.#uncommitted = [];
  }
}
