import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { Environment } from "../config/setting.ts";
import { type Config, ConfigError, describeConfig, readConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { findService } from "../local-service.ts";
import { MIGRATIONS_FOLDER } from "../main.ts";
import { isDatabaseInUse } from "../storage/lock.ts";
import { readApplied, readMigrations } from "../storage/migrator.ts";
import { readDatabase } from "../storage/offline.ts";
import { CommandError, type Output } from "./output.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
}

/** Older than this program: a clock before it is wrong. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);

/** Look at everything a service needs, change nothing, and say what was found. */
export async function runDoctor(env: Environment, output: Output, version: string): Promise<void> {
  const findings: Finding[] = [];
  const config = checkConfig(env, findings);
  if (config !== undefined) {
    const isRunning = checkDatabase(config, findings);
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
function checkDatabase(config: Config, findings: Finding[]): boolean {
  const { path } = config.database;
  if (!existsSync(path)) {
    findings.push({ check: "database", state: "ok", detail: `${path} is not there yet; serve makes it` });
    return false;
  }
  const isRunning = isDatabaseInUse(path);
  try {
    const { applied, integrity } = readDatabase(path, (reader) => ({
      applied: readApplied(reader, readMigrations(MIGRATIONS_FOLDER)).length,
      integrity: reader.all("PRAGMA quick_check(5)").map((row) => String(row.quick_check)),
    }));
    const isSound = integrity.join() === "ok";
    findings.push({
      check: "database",
      state: isSound ? "ok" : "problem",
      detail: isSound ? `${path}, at migration ${applied}, sound` : `${path}: ${integrity.join("; ")}`,
    });
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
