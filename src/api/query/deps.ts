import type { Clock } from "../../lib/clock.ts";
import type { QueryStore } from "../../store/queries.ts";

/** What queries are answered with. */
export interface QueryDeps {
  readonly reader: Pick<QueryStore, "aggregate" | "events">;
  readonly clock: Pick<Clock, "wallMs">;
}
