/** Every engine keeps the contract of the port. Parts that are named on the command line alone, if any are. */
import { suite } from "uvu";
import { auditContract } from "./audit.contract.ts";
import { directoryContract } from "./directory.contract.ts";
import { ENGINES } from "./engines.ts";
import { eventsContract } from "./events.contract.ts";
import { keysContract } from "./keys.contract.ts";
import { lifecycleContract } from "./lifecycle.contract.ts";
import { metricsContract } from "./metrics.contract.ts";
import { queriesContract } from "./queries.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { seriesContract } from "./series.contract.ts";
import type { Contract } from "./store-tests.ts";
import { valuesContract } from "./values.contract.ts";

const PARTS: Readonly<Record<string, Contract>> = {
  metrics: metricsContract,
  series: seriesContract,
  values: valuesContract,
  keys: keysContract,
  audit: auditContract,
  events: eventsContract,
  queries: queriesContract,
  retention: retentionContract,
  directory: directoryContract,
  lifecycle: lifecycleContract,
};
const wanted = process.argv.slice(2);

for (const engine of ENGINES) {
  for (const [part, contract] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(part)) continue;
    const test = suite(`${part} of the ${engine.name} engine`);
    contract(test, engine);
    test.run();
  }
}
