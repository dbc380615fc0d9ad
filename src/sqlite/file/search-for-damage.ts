import { BackgroundJobError, startBackgroundJob } from "./background-job.ts";
import { isUnusableFile } from "./failure.ts";

export interface DamageReports {
  readonly onSound: () => void;
  readonly onDamaged: (findings: readonly string[]) => void;
  /** The search itself failed: nothing is known. */
  readonly onFailed: (error: unknown) => void;
}

/** Search a database that was too large for it at start, beside the service. Returns how to give it up. */
export function searchForDamage(
  path: string,
  { onSound, onDamaged, onFailed }: DamageReports,
): () => Promise<void> {
  const job = startBackgroundJob({ kind: "check", path, full: false });
  let isGivenUp = false;
  job.result.then(
    (findings) => (findings.length === 0 ? onSound() : onDamaged(findings)),
    (error: unknown) => {
      if (isGivenUp) return;
      // So damaged that it cannot even be searched.
      if (error instanceof BackgroundJobError && isUnusableFile(error.failure)) onDamaged([error.message]);
      else onFailed(error);
    },
  );
  return async () => {
    isGivenUp = true;
    await job.cancel();
  };
}
