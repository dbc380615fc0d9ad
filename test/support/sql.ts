import { openReader } from "../../src/sqlite/file/open.ts";

export type Row = Readonly<Record<string, unknown>>;

/** What somebody with a SQLite shell sees at this moment, also while a service holds the database. */
export function readRows(path: string, query: string, ...values: readonly (string | number)[]): Row[] {
  const database = openReader(path);
  try {
    // The driver adds `_metadata`.
    return database.all(query, ...values).map(({ _metadata, ...row }) => row);
  } finally {
    database.close();
  }
}

/** Rows by view, oldest first, without the columns that differ between two equal calls: id and request_id. */
export type Rows = Readonly<Record<string, readonly Row[]>>;

const VIEWS = ["metrics", "auth_metrics", "tool_metrics", "discovery_metrics"] as const;
const JSON_COLUMNS = ["dimensions", "metadata"];

/** Reads what calls have stored, as somebody with a SQLite shell sees it. */
export function openRows(databasePath: string) {
  const database = openReader(databasePath);
  const newestId = () => Number(database.first("SELECT max(id) AS id FROM metrics")?.id ?? 0);
  let seenId = 0;
  return {
    /** Everything stored so far is old. */
    skipOld(): void {
      seenId = newestId();
    },
    /** What was stored since. @throws when some of it is of another call. */
    readNew(requestId: string): Rows {
      const views = VIEWS.map((view) => {
        const found = database.all(`SELECT * FROM ${view} WHERE id > ? ORDER BY id`, seenId);
        return [view, found.map((row) => plain(row, requestId))];
      });
      return Object.fromEntries(views);
    },
    all: database.all.bind(database),
    close: () => database.close(),
  };
}

function plain(row: Row, requestId: string): Record<string, unknown> {
  if (row.request_id !== requestId) throw new Error(`${row.request_id} stored what ${requestId} should`);
  // The driver adds `_metadata`.
  const entries = Object.entries(row).filter(([name]) => !["id", "request_id", "_metadata"].includes(name));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, JSON_COLUMNS.includes(name) ? JSON.parse(String(value)) : value]),
  );
}
