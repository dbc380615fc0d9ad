import Libsql from "libsql";

/** What became of every numbered metric, by its number counted from 0. */
export interface Ledger {
  /** Numbers for `count` new metrics; returns the first. */
  take(count: number): number;
  /** The service said that these are stored. */
  acknowledge(first: number, count: number): void;
  readonly taken: number;
  readonly acknowledged: number;
  /** Compare with what a stopped service's database file holds. */
  audit(databasePath: string): Audit;
}

export interface Audit {
  /** Acknowledged and not in the database. Must be 0. */
  readonly lost: number;
  /** In the database more than once. Must be 0. */
  readonly duplicated: number;
  /** Metrics in the database that nobody sent. Must be 0. */
  readonly unknown: number;
  readonly rows: number;
  /** `ok`, or what `PRAGMA integrity_check` found. */
  readonly integrity: string;
  /** Some numbers that are lost or duplicated. */
  readonly examples: readonly number[];
}

const EXAMPLES_MAX = 5;

export function createLedger(): Ledger {
  let acknowledgements = new Uint8Array(1 << 20);
  let taken = 0;
  let acknowledged = 0;

  function audit(databasePath: string): Audit {
    const counts = new Uint8Array(taken);
    let rows = 0;
    let unknown = 0;
    const integrity = readDatabase(databasePath, (number) => {
      rows++;
      const count = counts[number];
      if (count === undefined) unknown++;
      else counts[number] = Math.min(count + 1, 255);
    });
    let lost = 0;
    let duplicated = 0;
    const examples: number[] = [];
    for (let number = 0; number < taken; number++) {
      const isLost = counts[number] === 0 && acknowledgements[number] === 1;
      const isDuplicated = (counts[number] ?? 0) > 1;
      if (isLost) lost++;
      if (isDuplicated) duplicated++;
      if ((isLost || isDuplicated) && examples.length < EXAMPLES_MAX) examples.push(number);
    }
    return { lost, duplicated, unknown, rows, integrity, examples };
  }

  return {
    take(count) {
      const first = taken;
      taken += count;
      if (taken > acknowledgements.length) {
        const larger = new Uint8Array(acknowledgements.length * 2);
        larger.set(acknowledgements);
        acknowledgements = larger;
      }
      return first;
    },
    acknowledge(first, count) {
      acknowledgements.fill(1, first, first + count);
      acknowledged += count;
    },
    get taken() {
      return taken;
    },
    get acknowledged() {
      return acknowledged;
    },
    audit,
  };
}

/** Metrics carry this plus their number in `metadata.seq`, so that all are equally wide. */
export const NUMBER_OFFSET = 1_000_000_000;

/**
 * Calls `onNumber` for every metric in the file and returns the result of the integrity check.
 *
 * Read-only and only while no service runs: SQLite before 3.51.3 can lose data when a second
 * connection checkpoints, and a reader would hide what the service's own recovery has to do.
 */
function readDatabase(path: string, onNumber: (number: number) => void): string {
  const database = new Libsql(`file:${path}?mode=ro`);
  try {
    database.exec("PRAGMA wal_autocheckpoint=0");
    const sql = "SELECT CAST(json_extract(metadata, '$.seq') AS INTEGER) FROM metrics";
    for (const row of database.prepare(sql).raw().iterate())
      onNumber(((row as number[])[0] ?? -1) - NUMBER_OFFSET);
    return String(database.prepare("PRAGMA integrity_check(3)").raw().all());
  } finally {
    database.close();
  }
}
