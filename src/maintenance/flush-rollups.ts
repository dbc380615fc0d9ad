import type { Clock } from "../lib/clock.ts";
import type { Writer } from "../storage/writer.ts";

/** How often rollups are written: the SQL tables trail what was committed by about this long. */
export const ROLLUP_INTERVAL_MS = 2_000;

/** Write all that rollups have gathered by now, in steps between which commits get their turn. */
export async function flushRollups(writer: Writer, clock: Clock): Promise<void> {
  let target = await writer.call("flushRollups", clock.wallMs());
  while (target !== undefined) target = await writer.call("flushRollups", clock.wallMs(), target);
}
