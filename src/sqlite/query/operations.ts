import type { AggregateQuery, EventsQuery, LatestQuery } from "../../store/queries.ts";
import { readLatestValues } from "../metrics/latest-values.ts";
import type { ReadContext } from "../threads/operation.ts";
import { createDictionaries } from "./dictionaries.ts";
import { HourCache } from "./hour-cache.ts";
import { runAggregate } from "./run-aggregate.ts";
import { runEvents } from "./run-events.ts";

/**
 * What of `QueryStore` the reader thread carries out: all of it. What is cached lives as long as the
 * connection.
 */
export function queryReads({ database, query }: ReadContext) {
  const kept = { database, dictionaries: createDictionaries(database), hourCache: new HourCache() };
  return {
    aggregate: query("rollups", (asked: AggregateQuery, budget) => runAggregate({ ...kept, budget }, asked)),
    events: query("metrics", (asked: EventsQuery, budget) => runEvents({ ...kept, budget }, asked)),
    latestValues: query("latest_values", (asked: LatestQuery) => readLatestValues(database, asked)),
  };
}
