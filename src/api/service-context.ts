import type { Config } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import type { Lifecycle } from "../lib/lifecycle.ts";
import type { Logger } from "../lib/logger.ts";
import type { Store } from "../store/store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { createObservers } from "./observers.ts";

/** What every part of the service is opened with. A part owns in `lifecycle` what it opens. */
export interface ServiceContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  /** The database, whichever engine keeps it. */
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly observers: ReturnType<typeof createObservers>;
  /** Aborts when the service begins to stop. */
  readonly shutdownSignal: AbortSignal;
}
