import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder that `build` fills at the first call on a machine, kept in the temporary folder under a hash of
 * `contents`, all that decides what is in it.
 *
 * It is built under another name: what has the final name is complete.
 */
export async function preparedFolder(
  kind: string,
  contents: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(contents.join("\0")).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `mcp-metrics-${kind}-${hash}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  try {
    await build(partial);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
