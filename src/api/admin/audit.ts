import { keyFields } from "../../access/call.ts";
import { ServiceError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { AuditDetails, AuditStore, AuditTrace } from "../../store/audit.ts";

/** Who acts: the owner of an admin key. */
export interface Actor {
  /** 0 for the command line on this machine, and for the service itself. */
  readonly apiKeyId: number;
  /** Of the key, for the log. */
  readonly prefix?: string | undefined;
  readonly service: string;
}

/** The service itself, and the command line while no service runs. */
export const SERVICE_ITSELF: Actor = { apiKeyId: 0, service: "service" };
export const LOCAL_COMMAND_LINE: Actor = { apiKeyId: 0, service: "local-cli" };

/** What is done to what. `details` never hold a secret. */
export interface Act {
  /** Such as `key.create`. */
  readonly action: string;
  readonly target: string;
  readonly details?: AuditDetails;
}

export interface AuditDeps {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Audit = ReturnType<typeof createAudit>;

const TARGET_LENGTH_MAX = 200;
const OK = "ok";

/** The trail of administrative acts: a row and a log line for each, for those that failed too. */
export function createAudit({ store, clock, logger }: AuditDeps) {
  function traceOf(actor: Actor, { action, target, details = {} }: Act): AuditTrace {
    return {
      timestampMs: clock.wallMs(),
      apiKeyId: actor.apiKeyId,
      actor: actor.service,
      action,
      target: target.slice(0, TARGET_LENGTH_MAX),
      details,
    };
  }

  function log(
    { prefix }: Actor,
    { apiKeyId, actor, action, target, details }: AuditTrace,
    outcome: string,
  ): void {
    // Acts are for admins, whose keys alone come here.
    const key = keyFields({ apiKeyId, role: "admin", prefix });
    const fields = { action, target, actor, ...key, outcome, details: JSON.stringify(details) };
    if (outcome === OK) logger.info("administrative act", fields);
    else logger.warn("administrative act failed", fields);
  }

  /** The act and its log line stand; that the row is missing is said there. */
  function rowMissing(error: unknown): undefined {
    logger.error("an administrative act could not be written down", { error });
  }

  return {
    /**
     * Do what is one transaction, and writes down the trace it is given in it when it succeeds; `describe` says
     * for the log what came of it, as the store does for the row.
     */
    async transacted<Result>(
      actor: Actor,
      act: Act,
      work: (trace: AuditTrace) => Promise<Result>,
      describe: (result: Result) => AuditDetails = () => ({}),
    ): Promise<Result> {
      const trace = traceOf(actor, act);
      try {
        const result = await work(trace);
        log(actor, { ...trace, details: { ...trace.details, ...describe(result) } }, OK);
        return result;
      } catch (error) {
        log(actor, trace, outcomeOf(error));
        await store.record(trace, outcomeOf(error)).catch(rowMissing);
        throw error;
      }
    },

    /**
     * Do what is more than a transaction, such as a backup. Its row is there before it begins, with the
     * outcome `started`, and tells its end afterwards; `describe` says what came of it. It is done also
     * when the row cannot be written: a full disk is what cleanups are for.
     */
    async spanning<Result>(
      actor: Actor,
      act: Act,
      work: () => Promise<Result>,
      describe: (result: Result) => AuditDetails = () => ({}),
    ): Promise<Result> {
      const trace = traceOf(actor, act);
      const id = await store.record(trace, "started").catch(rowMissing);
      async function end(outcome: string, details: AuditDetails): Promise<void> {
        const whole = { ...trace, details: { ...trace.details, ...details } };
        log(actor, whole, outcome);
        const written = id === undefined ? store.record(whole, outcome) : store.finish(id, outcome, details);
        await written.catch(rowMissing);
      }
      try {
        const result = await work();
        await end(OK, describe(result));
        return result;
      } catch (error) {
        await end(outcomeOf(error), {});
        throw error;
      }
    },

    /** Acts before number `beforeId` (undefined: all), newest first. */
    list: (beforeId: number | undefined, rowsMax: number) => store.list(beforeId, rowsMax),
  };
}

function outcomeOf(error: unknown): string {
  return error instanceof ServiceError ? error.reason : "internal";
}
