/** Queries on a database in this thread. */
import type { Database } from "../../../src/sqlite/file/database.ts";
import {
  createReaderOperations,
  type ReaderOperations,
} from "../../../src/sqlite/threads/reader-operations.ts";
import { createBudget } from "../../../src/store/plan/budget.ts";
import type { AggregateQuery, EventsQuery } from "../../../src/store/queries.ts";

const noHurry = () => createBudget({ timeoutMs: 1_000_000, monotonicMs: () => 0, isCancelled: () => false });

/** As the thread has them: one for the life of a database, with all that they remember. */
const readers = new WeakMap<Database, ReaderOperations>();

function readerOf(database: Database): ReaderOperations {
  const reader = readers.get(database) ?? createReaderOperations(database);
  readers.set(database, reader);
  return reader;
}

export const aggregate = (database: Database, query: AggregateQuery) =>
  readerOf(database).aggregate(query, noHurry());

export const events = (database: Database, query: EventsQuery) => readerOf(database).events(query, noHurry());
