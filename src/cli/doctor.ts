import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { Environment } from "../config/setting.ts";
import { type Config, ConfigError, describeConfig, readConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { findService } from "../sqlite/file/announcement.ts";
import { examineDatabase } from "../sqlite/file/examine.ts";
import { isDatabaseInUse } from "../sqlite/file/lock.ts";
import { MIGRATIONS_FOLDER } from "../sqlite/file/migrator.ts";
import { CommandError, type Output } from "./output.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
}

/** Older than this program: a clock before it is wrong. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);

/** As long as somebody at a terminal waits without being told anything. */
const CHECK_LIMIT_MS = 30_000;

/** Look at everything a service needs, change nothing, and say what was found. */
export async function runDoctor(
  env: Environment,
  output: Output,
  version: string,
  { full }: { readonly full: boolean },
): Promise<void> {
  const findings: Finding[] = [];
  const config = checkConfig(env, findings);
  if (config !== undefined) {
    const isRunning = await checkDatabase(config, full, findings);
    await checkPorts(config, isRunning, findings);
  }
  const nowMs = systemClock.wallMs();
  const isClockRight = nowMs > CLOCK_MIN_MS;
  findings.push({
    check: "clock",
    state: isClockRight ? "ok" : "problem",
    detail: new Date(nowMs).toISOString(),
  });
  const lines = findings.map(
    ({ check, state, detail }) => `${state.padEnd(8)} ${check.padEnd(14)} ${detail}`,
  );
  const shown = config === undefined ? [] : ["", "Configuration:", ...describeConfig(config)];
  output.print([`mcp-metrics ${version} on Node ${process.versions.node}`, ...lines, ...shown].join("\n"), {
    version,
    findings,
    configuration: config?.effective ?? null,
  });
  const problems = findings.filter(({ state }) => state === "problem").length;
  if (problems > 0) throw new CommandError(`${problems} problem${problems === 1 ? "" : "s"} found`);
}

function checkConfig(env: Environment, findings: Finding[]): Config | undefined {
  try {
    const config = readConfig(env);
    findings.push({ check: "configuration", state: "ok", detail: "valid" });
    for (const detail of config.warnings) findings.push({ check: "configuration", state: "warning", detail });
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const detail of error.problems) findings.push({ check: "configuration", state: "problem", detail });
    return undefined;
  }
}

/** Whether a service holds the database. */
async function checkDatabase(config: Config, full: boolean, findings: Finding[]): Promise<boolean> {
  const { path } = config.database;
  const isRunning = existsSync(path) && isDatabaseInUse(path);
  try {
    const found = await examineDatabase({
      path,
      migrationsFolder: MIGRATIONS_FOLDER,
      full,
      limitMs: full ? undefined : CHECK_LIMIT_MS,
      clock: systemClock,
    });
    findings.push({ check: "database", ...describe(path, found) });
    if (found === undefined) return false;
  } catch (error) {
    findings.push({ check: "database", state: "problem", detail: (error as Error).message });
  }
  const url = isRunning ? findService(path)?.url : undefined;
  findings.push({
    check: "service",
    state: "ok",
    detail: isRunning ? `running at ${url ?? "?"}` : "not running",
  });
  return isRunning;
}

function describe(
  path: string,
  found: Awaited<ReturnType<typeof examineDatabase>>,
): Pick<Finding, "state" | "detail"> {
  if (found === undefined) return { state: "ok", detail: `${path} is not there yet; serve makes it` };
  const where = `${path}, at migration ${found.migration}`;
  if (found.isFinished) return { state: "ok", detail: `${where}, sound` };
  const limit = `not finished within ${CHECK_LIMIT_MS / 1000} s`;
  return { state: "warning", detail: `${where}, integrity ${limit}; run doctor --full` };
}

async function checkPorts(config: Config, isRunning: boolean, findings: Finding[]): Promise<void> {
  const { server, prometheus } = config;
  const ports = [{ host: server.host, port: server.port }, ...(prometheus.isEnabled ? [prometheus] : [])];
  for (const { host, port } of ports) {
    const problem = await bindProblem(host, port);
    // A running service has them; whether it is ours or another's, its lock has told.
    const state = problem === undefined || isRunning ? "ok" : "problem";
    findings.push({ check: `port ${port}`, state, detail: problem ?? "free" });
  }
}

function bindProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: Error & { code?: string }) =>
      resolve(error.code === "EADDRINUSE" ? "in use" : error.message),
    );
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
