/** What the tests of faults need from the machine they run on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why a fault cannot be provoked here; undefined when it can. */
export function missingForTmpfs(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-mount-"));
  try {
    const mounted = mountTmpfs(folder, "1m");
    if (mounted === undefined) return "mounting a tmpfs needs root";
    mounted.unmount();
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function missingForStrace(): string | undefined {
  const { status, error } = spawnSync("strace", ["-f", "-e", "trace=none", "true"], { stdio: "ignore" });
  if (error !== undefined) return "strace is not installed";
  return status === 0 ? undefined : "strace may not trace here";
}

/** A file system of that size, gone with `unmount`. Undefined where it may not be made. */
export function mountTmpfs(folder: string, size: string): { unmount(): void } | undefined {
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], {
    stdio: "ignore",
  });
  if (status !== 0) return undefined;
  return { unmount: () => void spawnSync("umount", ["-l", folder], { stdio: "ignore" }) };
}

/** Say on the console, where nobody overlooks it, that guarantees were not checked. */
export function reportSkipped(what: string, reason: string): void {
  process.stderr.write(`SKIPPED ${what}: ${reason}\n`);
}
