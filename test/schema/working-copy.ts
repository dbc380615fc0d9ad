import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
/** What the scripts of the schema read and write. */
const FILES = ["package.json", "tsconfig.json", "buf.yaml", "buf.gen.yaml", "proto", "src", "gen"];

const execute = promisify(execFile);

/** What a command said, both streams together, and whether it succeeded. */
export interface Verdict {
  readonly passed: boolean;
  readonly output: string;
}

/** A copy of the schema that a test may spoil. */
export interface WorkingCopy {
  /** Replace text in a file. @throws when it is not there exactly once: the test would then spoil nothing. */
  edit(file: string, from: string, to: string): void;
  /** Run a program in the copy. */
  run(program: string, ...args: string[]): Promise<Verdict>;
  /** Run a script of package.json, as a person and CI do. */
  script(name: string): Promise<Verdict>;
  /** Commit everything in it. */
  commit(): Promise<void>;
  remove(): void;
}

export function openWorkingCopy(): WorkingCopy {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-schema-"));
  for (const name of FILES) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const run = async (program: string, ...args: string[]): Promise<Verdict> => {
    try {
      const { stdout, stderr } = await execute(program, args, { cwd: folder });
      return { passed: true, output: stdout + stderr };
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      return { passed: false, output: stdout + stderr };
    }
  };
  return {
    edit(file, from, to) {
      const text = readFileSync(join(folder, file), "utf8");
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold "${from}" exactly once`);
      writeFileSync(join(folder, file), text.replace(from, to));
    },
    run,
    script: (name) => run("npm", "run", "--silent", name),
    async commit() {
      const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
      for (const args of [
        ["init", "-q"],
        ["add", "."],
        [...author, "commit", "-q", "-m", "schema"],
      ]) {
        const { passed, output } = await run("git", ...args);
        if (!passed) throw new Error(output);
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
