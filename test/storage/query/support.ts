/** Queries on a database in this thread. */
import type { Database } from "../../../src/storage/database.ts";
import { createBudget } from "../../../src/storage/query/budget.ts";
import type { AggregateQuery, EventsQuery } from "../../../src/storage/query/query.ts";
import { createReaderOperations } from "../../../src/storage/reader-operations.ts";

const noHurry = () => createBudget({ timeoutMs: 1_000_000, monotonicMs: () => 0, isCancelled: () => false });

export const aggregate = (database: Database, query: AggregateQuery) =>
  createReaderOperations(database).aggregate(query, noHurry());

export const events = (database: Database, query: EventsQuery) =>
  createReaderOperations(database).events(query, noHurry());
