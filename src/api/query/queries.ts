import type { QueryDeps } from "./deps.ts";
import { createListDimensionValues } from "./dimension-values.ts";
import { createExportEvents, createListEvents } from "./events.ts";
import { listMetricTypes } from "./metric-types.ts";
import { createQuerySeries } from "./query-series.ts";
import { createSummary } from "./summary.ts";
import { createTopValues } from "./top-values.ts";

/** Every query, for whoever spells it in a protocol. */
export type Queries = ReturnType<typeof createQueries>;

/** The queries over one store. */
export function createQueries(deps: QueryDeps) {
  return {
    querySeries: createQuerySeries(deps),
    topValues: createTopValues(deps),
    summary: createSummary(deps),
    listDimensionValues: createListDimensionValues(deps),
    listEvents: createListEvents(deps),
    exportEvents: createExportEvents(deps),
    listMetricTypes,
  };
}
