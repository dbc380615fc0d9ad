/** Queries on a database in this thread. */
import type { Database } from "../../../src/sqlite/file/database.ts";
import { createReaderOperations } from "../../../src/sqlite/threads/operations.ts";
import { createBudget } from "../../../src/store/plan/budget.ts";
import type { AggregateQuery, EventsQuery } from "../../../src/store/queries.ts";

const unlimited = () =>
  createBudget({ timeoutMs: 1_000_000, runMs: 1_000_000, monotonicMs: () => 0, isCancelled: () => false });

type ReaderOperations = ReturnType<typeof createReaderOperations>;

/** As the thread has them: one for the life of a database, with all that they remember. */
const readers = new WeakMap<Database, ReaderOperations>();

function queriesOf(database: Database): ReaderOperations["queries"] {
  const reader = readers.get(database) ?? createReaderOperations(database);
  readers.set(database, reader);
  return reader.queries;
}

export const aggregate = (database: Database, query: AggregateQuery) =>
  queriesOf(database).aggregate.run(query, unlimited());

export const events = (database: Database, query: EventsQuery) =>
  queriesOf(database).events.run(query, unlimited());
