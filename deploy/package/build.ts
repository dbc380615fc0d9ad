/**
 * dist/: what the package runs. Node strips no types under node_modules, so that there src/ is JavaScript,
 * with declarations and with the files that are served as they are. It mirrors src/ at the same depth, and
 * paths to gen/ and migrations/ stay what they were.
 */
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { extname, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The command, which the package has as it is, what only a checkout has, and the page, which gen/ has bundled. */
const LEFT_OUT = ["src/mcp-metrics.js", "src/supported-node.js", "src/env-file.js", "src/dashboard"];

rmSync(`${ROOT}dist`, { recursive: true, force: true });
// Its script of npm puts the compiler on the path.
execFileSync("tsc", ["-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" });
cpSync(`${ROOT}src`, `${ROOT}dist`, {
  recursive: true,
  filter: (path) => extname(path) !== ".ts" && !LEFT_OUT.includes(relative(ROOT, path)),
});
