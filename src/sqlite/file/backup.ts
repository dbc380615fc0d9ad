import { type Reading, type ReadingResults, startReading } from "./background-job.ts";
import { removePartial } from "./backup-file.ts";

export interface BackupInput {
  /** The database; a service may be writing it. */
  readonly source: string;
  /** Absolute; its folder is there, itself it is not. */
  readonly target: string;
  readonly migrationsFolder: string;
}

/** Begin a backup in a process of its own. Whatever ends it early, `target` is not there then. */
export function startBackup(input: BackupInput): Reading<ReadingResults["backup"]> {
  const reading = startReading({ kind: "backup", ...input });
  return {
    result: reading.result,
    async cancel() {
      await reading.cancel();
      removePartial(input.target);
    },
  };
}
