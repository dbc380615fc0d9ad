import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Keeps the server's core and the load's core apart, where the machine lets us. */
export interface Pinning {
  /** The command line that starts `argv` on the server's core. */
  onServerCore(argv: readonly string[]): readonly [string, ...string[]];
  /** What was done, for the report. */
  readonly description: string;
}

/**
 * Moves this process, all threads of it, to core 1 and has servers started on core 0.
 *
 * Where there is no `taskset` (macOS) or only one core everything runs unpinned, and the description
 * says so: the ratios are then worth less, since load and server take time from each other.
 */
export function pinLoad(): Pinning {
  const unpinned = (why: string): Pinning => ({
    onServerCore: ([command = "", ...rest]) => [command, ...rest],
    description: `unpinned: ${why}`,
  });
  if (availableParallelism() < 2) return unpinned("this machine has one core");
  try {
    execFileSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)], { stdio: "ignore" });
  } catch {
    return unpinned("taskset is not available");
  }
  return {
    onServerCore: (argv) => ["taskset", "-c", "0", ...argv],
    description: "server on core 0, load on core 1",
  };
}
