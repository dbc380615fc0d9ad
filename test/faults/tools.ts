/** What the tests of faults need from the machine they run on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Missing, missingProgram } from "../support/needs.ts";

/** What is missing where a fault cannot be provoked; undefined where it can. */
export function missingForTmpfs(): Missing | undefined {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-mount-"));
  try {
    const mounted = mountTmpfs(folder, "1m");
    if (mounted === undefined)
      return { why: "nothing may be mounted here: a small disk needs root and mount" };
    mounted.unmount();
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function missingForStrace(): Missing | undefined {
  const missing = missingProgram("strace");
  if (missing !== undefined) return missing;
  const { status } = spawnSync("strace", ["-f", "-e", "trace=none", "true"], { stdio: "ignore" });
  return status === 0 ? undefined : { why: "strace may not trace here" };
}

/** A file system of that size, gone with `unmount`. Undefined where it may not be made. */
export function mountTmpfs(folder: string, size: string): { unmount(): void } | undefined {
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], {
    stdio: "ignore",
  });
  if (status !== 0) return undefined;
  return { unmount: () => void spawnSync("umount", ["-l", folder], { stdio: "ignore" }) };
}
