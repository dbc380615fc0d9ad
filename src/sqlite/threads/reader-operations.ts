import type { ChartAnswer, ChartQuery } from "../../store/directory/chart.ts";
import type { Budget } from "../../store/plan/budget.ts";
import type { AggregateAnswer, AggregateQuery, EventsAnswer, EventsQuery } from "../../store/queries.ts";
import { type ListQuery, listEvents, type StoredServerEvent } from "../directory/events.ts";
import { readChart } from "../directory/read-chart.ts";
import { listUses, type StoredServerUse } from "../directory/usage.ts";
import type { Database } from "../file/database.ts";
import { inSnapshot } from "../file/snapshot.ts";
import { type LatestQuery, type LatestValue, readLatestValues } from "../metrics/latest-values.ts";
import { createDictionaries } from "../query/dictionaries.ts";
import { HourCache } from "../query/hour-cache.ts";
import { runAggregate } from "../query/run-aggregate.ts";
import { runEvents } from "../query/run-events.ts";
import { type SurveyStep, type SurveyStepResult, surveyTable } from "../retention/operations.ts";

/** What can be asked of the reader thread, by name. */
export interface ReaderOperations {
  readonly aggregate: (query: AggregateQuery, budget: Budget) => AggregateAnswer;
  readonly events: (query: EventsQuery, budget: Budget) => EventsAnswer;
  readonly latestValues: (query: LatestQuery) => readonly LatestValue[];
  /** A step of counting what a policy governs, of bounded length. */
  readonly survey: (step: SurveyStep) => SurveyStepResult;
  readonly chart: (query: ChartQuery, budget: Budget) => ChartAnswer;
  readonly serverEvents: (query: ListQuery) => readonly StoredServerEvent[];
  readonly serverUses: (query: ListQuery) => readonly StoredServerUse[];
}

/** Each sees one moment of the database, and lets go of it when it returns. */
export function createReaderOperations(database: Database): ReaderOperations {
  const kept = { database, dictionaries: createDictionaries(database), hourCache: new HourCache() };
  return {
    aggregate: (query, budget) => inSnapshot(database, () => runAggregate({ ...kept, budget }, query)),
    events: (query, budget) => inSnapshot(database, () => runEvents({ ...kept, budget }, query)),
    latestValues: (query) => inSnapshot(database, () => readLatestValues(database, query)),
    survey: (step) => inSnapshot(database, () => surveyTable(database, step)),
    chart: (query, budget) => inSnapshot(database, () => readChart(database, query, budget)),
    serverEvents: (query) => inSnapshot(database, () => listEvents(database, query)),
    serverUses: (query) => inSnapshot(database, () => listUses(database, query)),
  };
}
