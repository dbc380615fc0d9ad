import type { Clock } from "../lib/clock.ts";
import type { Writer } from "../sqlite/threads/writer.ts";

/** Write all that rollups have gathered by now, in steps between which commits get their turn. */
export async function flushRollups(writer: Writer, clock: Clock): Promise<void> {
  let target = await writer.call("flushRollups", clock.wallMs());
  while (target !== undefined) target = await writer.call("flushRollups", clock.wallMs(), target);
}
