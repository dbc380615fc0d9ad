import type { Clock } from "../../lib/clock.ts";
import type { QueryStore } from "../../store/queries.ts";

/** What queries are answered with. */
export interface QueryDeps {
  /** Reads stored metrics beside the writes. */
  readonly store: Pick<QueryStore, "aggregate" | "events">;
  /** Says when "now" is, for ranges that end with it. */
  readonly clock: Pick<Clock, "wallMs">;
}
