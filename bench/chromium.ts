import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** The program of Debian's package `chromium`, looked for as a shell does; undefined where there is none. */
export const CHROMIUM = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "chromium"))
  .find((path) => existsSync(path));

/**
 * A name of this machine, as every name that ends like it: of `localhost` browsers think better than of other hosts
 * without TLS.
 */
export const NAMED_HOST = "metrics.example";

/** A headless Chromium that asks nobody for anything; undefined where there is none. The caller closes it. */
export async function openChromium(): Promise<Browser | undefined> {
  if (CHROMIUM === undefined) return undefined;
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP *.example 127.0.0.1",
    ],
  });
}
