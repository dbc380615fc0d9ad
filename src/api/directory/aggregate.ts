import { invalidField } from "../../errors.ts";
import { readTimestamp } from "../../ingest/parse-timestamp.ts";
import { quote } from "../../ingest/text.ts";
import { DAY_MS } from "../../lib/time.ts";
import type { DirectoryStore } from "../../store/directory.ts";
import { WITHOUT_PAUSE } from "../../store/plan/steps.ts";
import type { Actor, Audit } from "../admin/audit.ts";
import type { RetentionAdministration } from "../admin/retention.ts";

/** Which day to compute anew, as the request names it. */
export interface AggregateRequest {
  /** `YYYY-MM-DD`, UTC; absent: yesterday. */
  readonly date: unknown;
  /** How long metrics are kept from now on; absent: as before. */
  readonly retentionDays: number | undefined;
}

/** The day that was computed anew. */
export interface RecomputedDay {
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
  /** Rows of the day: one a server, name and type. */
  readonly metricsAggregated: number;
  /** Days for which metrics of servers are kept, after this call. */
  readonly retentionDays: number;
}

/** What `createAggregate` is made of. */
export interface AggregateDeps {
  /** Writes the act down, with what came of it. */
  readonly audit: Audit;
  /** Reads and changes how long metrics are kept, in the name of whoever calls. */
  readonly retention: (actor: Actor) => RetentionAdministration;
  /** Computes the totals of a day, step by step. */
  readonly store: Pick<DirectoryStore, "recomputeDay">;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
}

/** Computes the totals of a day anew, in the name of `actor`. */
export type Aggregate = (actor: Actor, request: AggregateRequest) => Promise<RecomputedDay>;

/** The retention policy that a request changes. */
const TABLE = "server_metrics";

/**
 * Aggregate: compute anew what a day adds up to. Nobody has to call it: every transaction keeps its days
 * right. It is here for those whose schedules do, and answers them truly.
 *
 * @throws {ServiceError} `validation_failed` for what is no day up to today, and for one of which metrics have
 *   been deleted.
 */
export function createAggregate({ audit, retention, store, wallMs }: AggregateDeps): Aggregate {
  return async (actor, { date, retentionDays }) => {
    const nowMs = wallMs();
    const day = readDay(date, nowMs);
    const name = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const act = { action: "directory.aggregate", target: name };
    const work = () => store.recomputeDay(day, nowMs, WITHOUT_PAUSE);
    const describe = (series: number) => ({ metrics_aggregated: series });
    const metricsAggregated = await audit.spanning(actor, act, work, describe);
    // Last: a request that is refused for its day changes nothing.
    return { date: name, metricsAggregated, retentionDays: await keep(retention(actor), retentionDays) };
  };
}

/** Days since 1970 UTC. */
function readDay(date: unknown, nowMs: number): number {
  const today = Math.floor(nowMs / DAY_MS);
  if (date === undefined || date === null || date === "") return today - 1;
  const isDate = typeof date === "string" && /^\d{4}-\d\d-\d\d$/.test(date);
  const ms = isDate ? readTimestamp(`${date}T00:00:00Z`) : undefined;
  if (ms !== undefined && ms / DAY_MS <= today) return ms / DAY_MS;
  const message = `date ${quote(date)} must be a day up to today, as YYYY-MM-DD`;
  throw invalidField("date", "invalid", message);
}

/** For how many days metrics are kept, after changing it where another number is given. */
async function keep(retention: RetentionAdministration, days: number | undefined): Promise<number> {
  const policy = (await retention.policies()).find(({ tableName }) => tableName === TABLE);
  if (policy === undefined) throw new Error(`no policy of ${TABLE}`);
  if (days === undefined || days === policy.retentionDays) return policy.retentionDays;
  const changed = await retention.setPolicy({ tableName: TABLE, retentionDays: days, isActive: undefined });
  return changed.retentionDays;
}
