import type { KeyDirectory } from "../../access/key-directory.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import {
  createRetentionRuns,
  type RetentionRuns,
  type RetentionRunsDeps,
} from "../../maintenance/retention-runs.ts";
import { openTrustedTime, type TrustedTime } from "../../maintenance/trusted-time.ts";
import type { AuditTrace } from "../../sqlite/keys/audit-store.ts";
import type { administrationStorage } from "../../sqlite/threads/administration.ts";
import { createServers, type PagedServers, type ServersDeps } from "../directory/servers.ts";
import { type Actor, type Audit, createAudit } from "./audit.ts";
import { auditedKeys } from "./audited-keys.ts";
import { createDatabaseAdministration, type DatabaseAdministration } from "./database.ts";
import { createKeyAdministration, type KeyAdministration } from "./keys.ts";
import { createRetention, type RetentionAdministration } from "./retention.ts";

/** All that an administrator can do. What changes something is told who does it, and leaves a trace. */
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
    Pick<ServersDeps, "seal" | "registry"> {
  readonly storage: ReturnType<typeof administrationStorage>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly defaultRateLimit: number;
  /** Keys in force in this process; undefined where no service runs. */
  readonly directory: KeyDirectory | undefined;
}

export interface OpenAdministration {
  readonly administration: Administration;
  /** For whoever has a schedule; ends with the signal. */
  readonly runs: RetentionRuns;
  readonly time: TrustedTime;
}

/** Administration of a running service, or of a database that is open here. */
export async function openAdministration(deps: AdministrationDeps): Promise<OpenAdministration> {
  const { storage, clock } = deps;
  const time = await openTrustedTime(storage, clock);
  const runs = createRetentionRuns({ ...deps, time, logger: deps.logger.named("retention") });
  const audit = createAudit({ ...deps, logger: deps.logger.named("audit") });
  const openKeys = (trace: AuditTrace | undefined) => {
    const traced = () => {
      if (trace === undefined) throw new Error("a key was changed without a trace");
      return trace;
    };
    return createKeyAdministration({
      ...deps,
      storage: {
        listKeys: storage.listKeys,
        createKey: (key, nowMs) => storage.createKey(traced(), key, nowMs),
        revokeKey: (id) => storage.revokeKey(traced(), id),
        rotateKey: (input) => storage.rotateKey(traced(), input),
      },
    });
  };
  const administration = {
    keys: auditedKeys(audit, openKeys),
    retention: createRetention({ ...deps, runs, time, audit }),
    database: createDatabaseAdministration(storage),
    servers: createServers({ ...deps, audit }),
    audit,
  };
  return { administration, runs, time };
}
