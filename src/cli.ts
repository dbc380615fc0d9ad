/**
 * The program `mcp-metrics`: parses the command line and runs one command.
 *
 * Exit codes: 0 done, 1 failed, 2 usage. `serve` also ends with 65 (sysexits.h EX_DATAERR), a database that
 * cannot be opened, and 70 (EX_SOFTWARE), a database that failed while it was in use.
 */
import { createAsTyped } from "./cli/as-typed.ts";
import type { Program } from "./cli/command.ts";
import { COMMANDS, type CommandRun } from "./cli/commands.ts";
import { CommandError, createOutput, type Output } from "./cli/output.ts";
import { parseCommand } from "./cli/usage.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { ServiceError } from "./errors.ts";
import { systemClock } from "./lib/clock.ts";
import { createLogger } from "./lib/logger.ts";
import { StoreError, StoreOpenError } from "./store/errors.ts";
import { readVersion } from "./version.ts";

// Scripts of other names, such as that of the tests, have processes of their own between npm and us.
const isScriptOfNpm = ["start", "dev", "mcp-metrics"].includes(process.env.npm_lifecycle_event ?? "");
const asTyped = createAsTyped(isScriptOfNpm);

const stdout = (text: string) => void process.stdout.write(text);
/** Standard output that no script reads. */
const people = (text: string) => stdout(asTyped(text));
const stderr = (text: string) => void process.stderr.write(asTyped(text));

/**
 * sysexits.h EX_DATAERR: the service has tried for as long as it was told to; an operator has to look at the
 * database, or at the disk that it is on.
 */
const EXIT_BAD_FILE = 65;

/** Failures that a person can mend: printed in one line, without a stack. */
const EXPECTED = [CommandError, ConfigError, StoreError, ServiceError];

/**
 * Runs one command. Its module is loaded only then, so that `--help` does not wait for the service's modules.
 */
async function run(command: CommandRun, output: Output, program: Program): Promise<void> {
  const { version } = program;
  if (command.name === "version") {
    return output.print(`${program.name} ${version}`, { version, node: process.versions.node });
  }
  if (command.name === "completion") {
    const script = (await import("./cli/completion.ts")).completionScript(program, command.values.shell);
    return output.print(script, { script });
  }
  if (command.name === "doctor")
    return (await import("./cli/doctor.ts")).runDoctor(process.env, output, version, command.values);
  const config = readConfig(process.env);
  switch (command.name) {
    case "serve":
      return serve(config, output, version);
    case "migrate status":
    case "migrate up":
    case "migrate down":
    case "migrate list":
    case "migrate create":
      return (await import("./cli/migrate.ts")).runMigrate(command, config, output);
    case "backup":
      return (await import("./cli/backup.ts")).runBackup(command, config, output);
    case "restore":
      return (await import("./cli/restore.ts")).runRestore(command, config, output);
    case "import-legacy":
      return (await import("./cli/import-legacy.ts")).runImportLegacy(command, config, output);
    case "rollups verify":
      return (await import("./cli/rollups.ts")).runRollups(command, config, output);
    case "retention list":
    case "retention set":
    case "retention preview":
    case "retention run":
      return (await import("./cli/retention.ts")).runRetention(command, config, output);
    case "keys create":
    case "keys list":
    case "keys update":
    case "keys find":
    case "keys revoke":
    case "keys rotate":
      return (await import("./cli/keys.ts")).runKeys(command, config, output, process.stdin);
    default:
      return (await import("./cli/servers.ts")).runServers(command, config, output);
  }
}

/** Runs the service until a signal stops it; its log is standard output. */
async function serve(config: Config, output: Output, version: string): Promise<void> {
  const logger = createLogger({ level: config.log.level, write: stdout, wallMs: systemClock.wallMs });
  // An error nobody awaits is a defect, and no reason to drop what is on its way to disk.
  process.on("unhandledRejection", (error) => logger.error("unhandled rejection", { error }));
  return (await import("./cli/serve.ts")).runServe(config, logger, output, {
    version,
    onSignal: (signal, listener) => void process.on(signal, listener),
    exit: (code) => process.exit(code),
    exitAtOnce,
    isScriptOfNpm,
  });
}

/**
 * End by becoming another process, one that does nothing. Ending in any other way closes what is open, and a closed
 * connection writes its log into the database. A signal would do it too, but not with an exit code.
 */
function exitAtOnce(code: number): void {
  // Windows has none.
  process.execve?.(process.execPath, [process.execPath, "--eval", `process.exit(${code})`], {});
  process.exit(code);
}

/** Parses and runs; resolves to the exit code. Only here do failures become text. */
async function main(argv: readonly string[]): Promise<number> {
  const summary = "the metrics service for MCP gateways, registries, composers and directories";
  const program = { name: "mcp-metrics", version: readVersion(), summary, commands: COMMANDS };
  const invocation = parseCommand(program, argv);
  if (invocation.kind === "usage_error") {
    stderr(`${invocation.text}\n`);
    return 2;
  }
  if (invocation.kind === "show") {
    stdout(`${invocation.text}\n`);
    return 0;
  }
  try {
    await run(invocation, createOutput(invocation.json, { stdout, people, stderr }), program);
    return 0;
  } catch (error) {
    const isExpected = EXPECTED.some((known) => error instanceof known) || isSystemError(error);
    stderr(`mcp-metrics: ${isExpected ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
    const isBadFile = error instanceof StoreOpenError;
    return invocation.name === "serve" && isBadFile ? EXIT_BAD_FILE : 1;
  }
}

/** Whether the operating system has refused something: a port in use, a file that may not be read. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/**
 * A reader of our output that is gone (`| head`, a log shipper that died) fails a command, but must not end a
 * service, as the unhandled EPIPE would.
 */
function surviveLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {
      process.exitCode = 1;
    });
  }
  // Once: a service may have much to log.
  process.stdout.once("error", (error) => stderr(`mcp-metrics: standard output: ${error.message}\n`));
}

surviveLostReaders();
const exitCode = await main(process.argv.slice(2));
process.exitCode ??= exitCode;
