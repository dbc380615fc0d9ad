import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describeSettings } from "../config/describe.ts";
import type { Environment } from "../config/setting.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { findService } from "../sqlite/file/announcement.ts";
import { examineDatabase } from "../sqlite/file/examine.ts";
import { isDatabaseInUse } from "../sqlite/file/lock.ts";
import { MIGRATIONS_FOLDER } from "../sqlite/file/migrator.ts";
import { CommandError, type Output } from "./output.ts";

/** One line of the result. */
interface Finding {
  /** What was looked at: `database`, `port 8890`. */
  readonly check: string;
  /** `problem` makes the command fail: the service would not start, or not be what it should. */
  readonly state: "ok" | "warning" | "problem";
  /** What was found and, where there is something to do, what. */
  readonly detail: string;
}

/** A time before this program was written: a clock that is earlier is wrong. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);

/**
 * ms that the search for damage may take without `--full`: somebody waits at a terminal, and nothing is
 * printed.
 */
const CHECK_LIMIT_MS = 30_000;

/**
 * Look at everything a service needs (configuration, database, ports, clock), change nothing, and print what
 * was found. Works whether or not a service runs, and goes on after a problem, so that one run shows all of
 * them.
 *
 * @param full search the whole database for damage, indexes included, however long it takes
 * @throws {CommandError} after printing, when there was a problem.
 */
export async function runDoctor(
  env: Environment,
  output: Output,
  version: string,
  { full }: { readonly full: boolean },
): Promise<void> {
  const findings: Finding[] = [];
  const config = checkConfig(env, findings);
  let inForce: Config["effective"] | undefined;
  if (config !== undefined) {
    const isRunning = await checkDatabase(config, full, findings);
    await checkPorts(config, isRunning, findings);
    inForce = isRunning ? await askService(config, findings) : undefined;
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
  const whose =
    inForce === undefined ? "Configuration of this environment:" : "Configuration of the running service:";
  const settings = inForce ?? config?.effective;
  const shown = settings === undefined ? [] : ["", whose, ...describeSettings(settings)];
  output.print([`mcp-metrics ${version} on Node ${process.versions.node}`, ...lines, ...shown].join("\n"), {
    version,
    findings,
    configuration: settings ?? null,
    configuration_of: inForce === undefined ? "environment" : "service",
  });
  const problems = findings.filter(({ state }) => state === "problem").length;
  if (problems > 0) throw new CommandError(`${problems} problem${problems === 1 ? "" : "s"} found`);
}

/** The configuration, or undefined where it is invalid: nothing else can be looked at then but the clock. */
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

/** Look at the database; returns whether a service holds it. */
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
  // A service announces itself once its ports listen: until then, and of an older version, none is known.
  const url = isRunning ? findService(path)?.url : undefined;
  findings.push({
    check: "service",
    state: "ok",
    detail: isRunning ? `running at ${url ?? "?"}` : "not running",
  });
  return isRunning;
}

/**
 * The settings that the running service has in force, whose environment may be another than this one. Undefined
 * where it cannot be asked.
 */
async function askService(config: Config, findings: Finding[]): Promise<Config["effective"] | undefined> {
  const service = findService(config.database.path);
  // It starts, or is of an older version: the finding on the service says so.
  if (service === undefined) return undefined;
  try {
    // Only here: RPC is much to load for those who look at a file.
    const { readConfiguration } = await import("../remote/admin-client.ts");
    const inForce = await readConfiguration(service.url, service.adminKey);
    const differences = compare(inForce, config.effective);
    if (differences.length > 0) {
      const detail = `a restart of the service with this environment would change ${differences.join(", ")}`;
      findings.push({ check: "configuration", state: "warning", detail });
    }
    return inForce;
  } catch (error) {
    const detail = `does not answer at ${service.url}: ${(error as Error).message}`;
    findings.push({ check: "service", state: "problem", detail });
    return undefined;
  }
}

/** `METRICS_RATE_LIMIT (1000 in force, 500 here)` for each that differs. */
function compare(inForce: Config["effective"], here: Config["effective"]): readonly string[] {
  const valuesOf = (settings: Config["effective"]) =>
    new Map(settings.map(({ name, value }) => [name, value]));
  const [service, own] = [valuesOf(inForce), valuesOf(here)];
  return [...new Set([...service.keys(), ...own.keys()])]
    .filter((name) => service.get(name) !== own.get(name))
    .map((name) => `${name} (${service.get(name) ?? "unset"} in force, ${own.get(name) ?? "unset"} here)`);
}

/** What was found of a database that has no problem; undefined: there is none yet. */
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

/** Whether the ports can be bound, or are bound by the service that runs. */
async function checkPorts(config: Config, isRunning: boolean, findings: Finding[]): Promise<void> {
  const { server, prometheus } = config;
  const ports = [{ host: server.host, port: server.port }, ...(prometheus.isEnabled ? [prometheus] : [])];
  for (const { host, port } of ports) {
    const problem = await bindProblem(host, port);
    // A running service has them; that it is the one of this database, its lock has shown.
    const state = problem === undefined || isRunning ? "ok" : "problem";
    findings.push({ check: `port ${port}`, state, detail: problem ?? "free" });
  }
}

/** Why a port cannot be bound; undefined: it was, and is free again. */
function bindProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: Error & { code?: string }) =>
      resolve(error.code === "EADDRINUSE" ? "in use" : error.message),
    );
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
