import type { Clock } from "../lib/clock.ts";

/** Liveness: see `health`. */
export interface HealthAnswer {
  readonly status: "healthy";
  readonly service: "metrics-collection";
}

/** Health: the process answers. Says nothing of storage, so that a full disk does not get it restarted. */
export function health(): HealthAnswer {
  return { status: "healthy", service: "metrics-collection" };
}

/** Whether to send metrics here. */
export interface Readiness {
  readonly ready: boolean;
  /** `connected`, or why metrics cannot be taken. */
  readonly database: "connected" | "unavailable" | "shutting_down";
}

export type CheckReadiness = () => Promise<Readiness>;

/** How long one probe speaks for the next: a flood of probes must not become a flood of writes. */
const PROBE_VALID_MS = 1000;
/** A probe that takes longer counts as failed; whoever asks has given up by then. */
const PROBE_TIMEOUT_MS = 5000;

export interface ReadinessDeps {
  readonly clock: Clock;
  /** A real write; rejects when storage cannot accept one. */
  readonly probe: () => Promise<void>;
  readonly isShuttingDown: () => boolean;
}

/**
 * Readiness: whether metrics sent now would be stored, found out by writing. Probes are a second apart at
 * least, and all who ask meanwhile share one.
 */
export function createReadiness({ clock, probe, isShuttingDown }: ReadinessDeps): CheckReadiness {
  let last: { readonly atMs: number; readonly ready: Promise<boolean> } | undefined;

  function probeNow(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = clock.after(PROBE_TIMEOUT_MS, () => resolve(false));
      probe()
        .then(
          () => resolve(true),
          () => resolve(false),
        )
        .finally(cancel);
    });
  }

  return async () => {
    if (isShuttingDown()) return { ready: false, database: "shutting_down" };
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs - last.atMs >= PROBE_VALID_MS) last = { atMs: nowMs, ready: probeNow() };
    const ready = await last.ready;
    return { ready, database: ready ? "connected" : "unavailable" };
  };
}
