import type { Clock } from "../lib/clock.ts";

/**
 * Run `job` every `intervalMs`, one run at a time: the interval counts from the end of a run. A failed run is
 * passed to `onError` and the next one comes all the same. The first run begins after one interval. The
 * returned function stops it and resolves when no run is under way.
 */
export function every(
  clock: Clock,
  intervalMs: number,
  job: () => Promise<void>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let running = Promise.resolve();
  let cancel = () => {};
  function plan(): void {
    if (stopped) return;
    cancel = clock.after(intervalMs, () => {
      running = job().catch(onError).then(plan);
    });
  }
  plan();
  return () => {
    stopped = true;
    cancel();
    return running;
  };
}
