/**
 * A module beside the one at `moduleUrl`, to be started as a thread or process: `./writer-thread` is
 * TypeScript in a checkout and JavaScript in the package, as the module that asks.
 */
export function siblingModule(path: string, moduleUrl: string): URL {
  const extension = moduleUrl.endsWith(".ts") ? ".ts" : ".js";
  return new URL(`${path}${extension}`, moduleUrl);
}
