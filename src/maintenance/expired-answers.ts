import type { Clock } from "../lib/clock.ts";
import type { Writer } from "../sqlite/threads/writer.ts";

/** Rows a step: well under a millisecond of the writer's time, so that no commit waits for it. */
const ROWS_PER_STEP = 500;

/** Forget idempotency keys whose time is over, in steps between which commits get their turn. */
export async function forgetExpiredAnswers(writer: Writer, clock: Clock): Promise<void> {
  while ((await writer.call("deleteExpiredAnswers", clock.wallMs(), ROWS_PER_STEP)) === ROWS_PER_STEP);
}
