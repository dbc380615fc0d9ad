import type { KeyRegistry } from "../../access/key-registry.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import {
  createRetentionRuns,
  type RetentionRuns,
  type RetentionRunsDeps,
} from "../../maintenance/retention-runs.ts";
import { openTrustedTime, type TrustedTime } from "../../maintenance/trusted-time.ts";
import type { StoreOperations } from "../../store/store.ts";
import { createServers, type PagedServers, type ServersDeps } from "../directory/servers.ts";
import { type Actor, type Audit, createAudit } from "./audit.ts";
import { createDatabaseAdministration, type DatabaseAdministration } from "./database.ts";
import { createKeyAdministration, type KeyAdministration } from "./keys.ts";
import { createRetention, type RetentionAdministration } from "./retention.ts";

/** What administrators do, in whatever protocol. What changes something names its actor and is audited. */
export interface Administration {
  readonly keys: (actor: Actor) => KeyAdministration;
  readonly retention: (actor: Actor) => RetentionAdministration;
  readonly database: DatabaseAdministration;
  /** Servers of the directory. */
  readonly servers: (actor: Actor) => PagedServers;
  readonly audit: Audit;
}

export interface AdministrationDeps
  extends Pick<RetentionRunsDeps, "isBusy" | "signal" | "observer">,
    Pick<ServersDeps, "seal" | "registry" | "defaultRateLimit"> {
  readonly store: StoreOperations;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keys in force in this process; undefined where no service runs. */
  readonly keyRegistry: KeyRegistry | undefined;
}

export interface OpenAdministration {
  readonly administration: Administration;
  /** For whoever has a schedule; ends with the signal. */
  readonly runs: RetentionRuns;
  readonly time: TrustedTime;
}

/** Administration of a running service, or of a database that is open here. */
export async function openAdministration(deps: AdministrationDeps): Promise<OpenAdministration> {
  const { store, clock, logger, isBusy, signal, observer, defaultRateLimit, keyRegistry, registry, seal } =
    deps;
  const time = await openTrustedTime(store.retention, clock);
  const runs = createRetentionRuns({
    store,
    clock,
    time,
    isBusy,
    signal,
    observer,
    logger: logger.named("retention"),
  });
  const audit = createAudit({ store: store.audit, clock, logger: logger.named("audit") });
  const administration = {
    keys: createKeyAdministration({ store: store.keys, audit, clock, defaultRateLimit, keyRegistry }),
    retention: createRetention({ store: store.retention, runs, time, clock, audit }),
    database: createDatabaseAdministration(store),
    servers: createServers({
      store: store.directory,
      audit,
      clock,
      seal,
      defaultRateLimit,
      keyRegistry,
      registry,
    }),
    audit,
  };
  return { administration, runs, time };
}
