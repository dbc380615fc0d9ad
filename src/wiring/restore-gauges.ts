import type { Reader } from "../storage/reader.ts";
import { FORGET_FACTOR } from "../telemetry/instances.ts";
import type { Foundation } from "./foundation.ts";

/**
 * Show again what instances had last reported: counters may begin anew with the service, as Prometheus expects,
 * but a gauge would be gone until its instance reports it again. Never rejects: the service is as good without.
 */
export async function restoreGauges(
  { config, clock, logger, telemetry }: Foundation,
  reader: Pick<Reader, "latestValues">,
): Promise<void> {
  try {
    const sinceMs = clock.wallMs() - config.telemetry.instanceSilenceMs * FORGET_FACTOR;
    for (const state of await reader.latestValues({ service: undefined, sinceMs })) {
      telemetry.restore(state, state.receivedMs);
    }
  } catch (error) {
    logger.warn("gauges could not be restored; they are shown again once they are reported", { error });
  }
}
