import { FORGET_FACTOR } from "../../telemetry/series/instances.ts";
import type { ServiceContext } from "../service-context.ts";

/**
 * Show again what instances had last reported: counters may begin anew with the service, as Prometheus expects,
 * but a gauge would be gone until its instance reports it again. Never rejects: the service is as good without.
 */
export async function restoreGauges({
  config,
  clock,
  logger,
  store,
  telemetry,
}: ServiceContext): Promise<void> {
  try {
    const sinceMs = clock.wallMs() - config.telemetry.instanceSilenceMs * FORGET_FACTOR;
    // There may be more than the series table has room for: the newest of them are shown, rather than none.
    const query = { service: undefined, sinceMs, beyond: "leave out" } as const;
    for (const state of await store.queries.latestValues(query)) {
      telemetry.restore(state, state.receivedMs);
    }
  } catch (error) {
    logger.warn("gauges could not be restored; they are shown again once they are reported", { error });
  }
}
