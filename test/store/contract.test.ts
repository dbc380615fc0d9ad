/** Every engine keeps the contract of the port. Parts that are named on the command line alone, if any are. */
import fc from "fast-check";
import { suite } from "uvu";
import { aggregateContract } from "./aggregate.contract.ts";
import { allOrNothingContract } from "./all-or-nothing.contract.ts";
import { auditContract } from "./audit.contract.ts";
import { directoryContract } from "./directory.contract.ts";
import { directoryChartsContract } from "./directory-charts.contract.ts";
import { ENGINES } from "./engines.ts";
import { eventsContract } from "./events.contract.ts";
import { givenKeysContract } from "./given-keys.contract.ts";
import { keysContract } from "./keys.contract.ts";
import { latestValuesContract } from "./latest-values.contract.ts";
import { lifecycleContract } from "./lifecycle.contract.ts";
import { metricsContract } from "./metrics.contract.ts";
import { percentilesContract } from "./percentiles.contract.ts";
import { policiesContract } from "./policies.contract.ts";
import { queriesContract } from "./queries.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { retentionEffectsContract } from "./retention-effects.contract.ts";
import { seenByContract } from "./seen-by.contract.ts";
import { seriesContract } from "./series.contract.ts";
import type { Contract } from "./store-tests.ts";
import { valuesContract } from "./values.contract.ts";

const PARTS: Readonly<Record<string, Contract>> = {
  metrics: metricsContract,
  "all-or-nothing": allOrNothingContract,
  series: seriesContract,
  values: valuesContract,
  keys: keysContract,
  "given-keys": givenKeysContract,
  audit: auditContract,
  events: eventsContract,
  latest: latestValuesContract,
  queries: queriesContract,
  aggregate: aggregateContract,
  percentiles: percentilesContract,
  "seen-by": seenByContract,
  policies: policiesContract,
  retention: retentionContract,
  "retention-effects": retentionEffectsContract,
  directory: directoryContract,
  charts: directoryChartsContract,
  lifecycle: lifecycleContract,
};
const wanted = process.argv.slice(2);

// A broken engine fails at once: what is tried again, smaller and smaller, writes to a disk each time.
fc.configureGlobal({ endOnFailure: true, includeErrorInReport: true });

for (const engine of ENGINES) {
  for (const [part, contract] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(part)) continue;
    const test = suite(`${part} of the ${engine.name} engine`);
    contract(test, engine);
    test.run();
  }
}
