/** The command line: what the arguments say, then one command. Exit codes: 0 done, 1 failed, 2 usage. */
import { COMMANDS, type CommandRun } from "./cli/commands.ts";
import { runDoctor } from "./cli/doctor.ts";
import { runKeys } from "./cli/keys.ts";
import { runMigrate } from "./cli/migrate.ts";
import { CommandError, createOutput, type Output } from "./cli/output.ts";
import { runServe } from "./cli/serve.ts";
import { parseCommand } from "./cli/usage.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { ServiceError } from "./errors.ts";
import { systemClock } from "./lib/clock.ts";
import { createLogger } from "./lib/logger.ts";
import { readVersion } from "./main.ts";
import { DatabaseInUseError } from "./storage/lock.ts";
import { MigrationError } from "./storage/migrator.ts";
import { DatabaseOpenError } from "./storage/writer.ts";

const stdout = (text: string) => void process.stdout.write(text);
const stderr = (text: string) => void process.stderr.write(text);

/** Failures that a person can mend: told in one line, without a stack. */
const EXPECTED = [
  CommandError,
  ConfigError,
  DatabaseInUseError,
  DatabaseOpenError,
  MigrationError,
  ServiceError,
];

async function run(command: CommandRun, output: Output, version: string): Promise<void> {
  if (command.name === "doctor") return runDoctor(process.env, output, version);
  const config = readConfig(process.env);
  switch (command.name) {
    case "serve":
      return serve(config, output, version);
    case "migrate status":
    case "migrate up":
    case "migrate down":
    case "migrate list":
    case "migrate create":
      return runMigrate(command, config, output);
    default:
      return runKeys(command, config, output);
  }
}

function serve(config: Config, output: Output, version: string): Promise<void> {
  const logger = createLogger({ level: config.log.level, write: stdout, wallMs: systemClock.wallMs });
  // An error nobody awaits is a defect, and no reason to drop what is on its way to disk.
  process.on("unhandledRejection", (error) => logger.error("unhandled rejection", { error }));
  return runServe(config, logger, output, {
    version,
    onSignal: (signal, listener) => void process.on(signal, listener),
    exit: (code) => process.exit(code),
  });
}

async function main(argv: readonly string[]): Promise<number> {
  const version = readVersion();
  const summary = "the metrics service for MCP gateways, registries, composers and directories";
  const invocation = parseCommand({ name: "mcp-metrics", version, summary, commands: COMMANDS }, argv);
  if (invocation.kind === "usage_error") {
    stderr(`${invocation.text}\n`);
    return 2;
  }
  if (invocation.kind === "show") {
    stdout(`${invocation.text}\n`);
    return 0;
  }
  try {
    await run(invocation, createOutput(invocation.json, stdout, stderr), version);
    return 0;
  } catch (error) {
    const isExpected = EXPECTED.some((known) => error instanceof known) || isSystemError(error);
    stderr(`mcp-metrics: ${isExpected ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
    return 1;
  }
}

/** The operating system's own: a port in use, a file that may not be read. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

process.exitCode = await main(process.argv.slice(2));
