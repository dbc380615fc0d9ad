import type { Clock } from "../../lib/clock.ts";
import type { Reader } from "../../sqlite/threads/reader.ts";

/** What queries are answered with. */
export interface QueryDeps {
  readonly reader: Pick<Reader, "aggregate" | "events">;
  readonly clock: Pick<Clock, "wallMs">;
}
