import type { Clock } from "../lib/clock.ts";
import type { Writer } from "../sqlite/threads/writer.ts";

const ROWS_PER_STEP = 500;

/** Forget series that nobody has sent a point of for long, in steps between which commits get their turn. */
export async function forgetEndedSeries(writer: Writer, clock: Clock): Promise<void> {
  while ((await writer.call("deleteEndedSeries", clock.wallMs(), ROWS_PER_STEP)) === ROWS_PER_STEP);
}
