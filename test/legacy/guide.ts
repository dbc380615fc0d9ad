/** docs/migrating.md as the script that it is: its blocks, and a shell that runs those of a section. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment } from "../cli/run-cli.ts";

const ROOT = join(import.meta.dirname, "../..");
const GUIDE = readFileSync(join(ROOT, "docs/migrating.md"), "utf8");
/** For a script that starts the service; one that hangs is ended then. */
const SCRIPT_MS_MAX = 120_000;
/** What stands in the output before the id of the process that a script has left in the background. */
const PID_MARK = "##left running: ";

export interface Block {
  /** The heading it stands under. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

/** Every fenced block, from top to bottom, without the indentation of the list that it stands in. */
export function readBlocks(): readonly Block[] {
  return GUIDE.split(/^## /m).flatMap((section) => {
    const [heading = ""] = section.split("\n", 1);
    return [...section.matchAll(/^( *)```(\w*)\n(.*?)\n *```$/gms)].map(
      ([, indentation = "", language = "", text = ""]) => ({
        section: heading,
        language,
        text: text.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
      }),
    );
  });
}

/**
 * The blocks as one script that ends at the first command that fails. The first block is assignments alone, which
 * `values` take the place of.
 *
 * @throws when a variable has no value, or a value no variable.
 */
export function scriptOf(
  [assignments, ...commands]: readonly Block[],
  values: Readonly<Record<string, string>>,
): string {
  const names = (assignments?.text ?? "").split("\n").map((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? line);
  const known = Object.keys(values);
  if (names.join() !== known.join()) throw new Error(`the guide sets ${names}, the test has ${known}`);
  const set = Object.entries(values).map(([name, value]) => `${name}='${value}'`);
  return ["set -eu", ...set, ...commands.map(({ text }) => text)].join("\n");
}

/** A service that a script has left running. */
export interface LeftRunning {
  /** What the script has printed, and since then the service. */
  readonly output: () => string;
  /** As the guide says it: by a signal to npm. */
  stop(): Promise<void>;
}

/** A folder like a new checkout, where nobody has written a `.env` yet. `remove` ends what still runs there. */
export function createCheckout() {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-guide-"));
  for (const name of ["package.json", "node_modules", "src", "gen", "migrations"])
    symlinkSync(join(ROOT, name), join(folder, name));
  const shells: ChildProcess[] = [];
  return {
    folder,
    /** Run a script to its end. @throws with what it printed when it fails. */
    async run(script: string): Promise<LeftRunning> {
      // A group of its own: the service, which goes on behind the shell, is reached by it.
      const shell = spawn("sh", ["-c", `${script}\necho "${PID_MARK}$!"`], {
        cwd: folder,
        env: cleanEnvironment({}),
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      shells.push(shell);
      let output = "";
      for (const stream of [shell.stdout, shell.stderr])
        stream.setEncoding("utf8").on("data", (text) => (output += text));
      // Of all that writes into the outputs, which is when the service has ended too.
      const closed = once(shell, "close");
      const [code] = await once(shell, "exit", { signal: AbortSignal.timeout(SCRIPT_MS_MAX) });
      if (code !== 0) throw new Error(`exit code ${code} of\n${script}\n${output}`);
      return {
        output: () => output,
        async stop() {
          process.kill(Number(output.split(PID_MARK)[1]?.split("\n", 1)[0]), "SIGTERM");
          await closed;
        },
      };
    },
    remove() {
      for (const { pid } of shells) killGroup(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // All of it has ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
