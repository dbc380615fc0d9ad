import { openAdministration } from "../api/admin/administration.ts";
import { LOCAL_COMMAND_LINE } from "../api/admin/audit.ts";
import type { KeyAdministration } from "../api/admin/keys.ts";
import type { RetentionAdministration } from "../api/admin/retention.ts";
import type { ServerAdministration } from "../api/directory/servers.ts";
import type { Config } from "../config.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/logger.ts";
import { createWebhookSeal } from "../lib/seal.ts";
import { findService } from "../sqlite/file/announcement.ts";
import { withOfflineStore } from "../sqlite/offline.ts";
import { StoreInUseError } from "../store/errors.ts";
import type { StoreOperations } from "../store/store.ts";
import { CommandError } from "./output.ts";

/**
 * What the command line administers, whoever holds the database. Acts are audited as the local command
 * line's.
 */
export interface LocalAdministration {
  readonly keys: KeyAdministration;
  readonly retention: RetentionAdministration;
  readonly servers: ServerAdministration;
}

/**
 * Administer the configured database: through the service that holds it, or itself while none runs. Which of
 * them, the lock decides: trying to take it is the only test that cannot be wrong a moment later.
 *
 * @throws {CommandError} what the service answered, or that it cannot be reached.
 * @throws {ServiceError} of the operation, when it ran here.
 * @throws {StoreOpenError} for a database that cannot be opened.
 */
export async function withAdministration<Result>(
  config: Config,
  work: (administration: LocalAdministration) => Promise<Result>,
): Promise<Result> {
  const path = config.database.path;
  try {
    return await withOfflineStore(path, async (store) => work(await openLocally(store, config)));
  } catch (error) {
    if (!(error instanceof StoreInUseError)) throw error;
    const service = findService(path);
    if (service === undefined) throw new CommandError(`${error.message}, and it takes no calls (yet)`);
    // Only here: RPC is much to load for those who work on the file.
    const { connectAdministration } = await import("../remote/administration.ts");
    return work(connectAdministration(service.url, service.adminKey)).catch(toCommandError);
  }
}

/** The service's rejection, or that it cannot be reached: for people, who have no use for a stack. */
function toCommandError(error: Error): never {
  throw new CommandError(error.message, { cause: error });
}

/**
 * A clock whose delays are over at once. They pace long work so that commits get their turn, and no service
 * runs here. Nor would they keep the process alive: timers of the system's clock are unreferenced.
 */
const CLOCK_WITHOUT_WAITING: Clock = {
  ...systemClock,
  after(_delayMs, job) {
    const planned = setImmediate(job);
    return () => clearImmediate(planned);
  },
};

/** The service's own administration over an open database, without what only a running service has. */
async function openLocally(store: StoreOperations, config: Config): Promise<LocalAdministration> {
  const { administration } = await openAdministration({
    store,
    clock: CLOCK_WITHOUT_WAITING,
    // What is to be known is printed, or stands in the audit trail.
    logger: createLogger({ level: "silent", write: () => {}, wallMs: systemClock.wallMs }),
    isBusy: () => false,
    // The process ends with its terminal's Ctrl-C, between two transactions or in one that is rolled back;
    // what a cleanup leaves, the next one finds.
    signal: new AbortController().signal,
    observer: { onDeleted: () => {}, onFailed: () => {} },
    defaultRateLimit: config.keys.rateLimitPerMinute,
    keyRegistry: undefined,
    registry: undefined,
    seal: createWebhookSeal(await store.upkeep.installationSecret()),
  });
  return {
    keys: administration.keys(LOCAL_COMMAND_LINE),
    retention: administration.retention(LOCAL_COMMAND_LINE),
    servers: administration.servers(LOCAL_COMMAND_LINE),
  };
}
