/**
 * No bytes harm the service or whoever else uses it.
 *
 * Thousands of broken, nearly right and hostile requests go through every door, and between them valid
 * ones on other connections. There must be no 5xx, no INTERNAL or UNKNOWN, no call without an answer,
 * no crash, no unhandled rejection, and every valid metric must be in the database exactly once.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createProgress } from "../../bench/progress.ts";
import { type ServiceProcess, startService } from "../../bench/service-process.ts";
import { createCase } from "./fuzz-cases.ts";
import { createFindings, describeCase, type Findings } from "./fuzz-findings.ts";
import { createNeighbours, type Neighbours } from "./fuzz-neighbours.ts";
import { createHttp1Wire, createHttp2Wire, type Outcome } from "./fuzz-wires.ts";
import { createLedger } from "./ledger.ts";
import { API_KEY, printChecks } from "./promises.ts";

const HELP = `Usage: npm run fuzz -- [options]
  --count N        requests (default 10000)
  --seed N         default random, printed
  --only N         only this case of the seed, shown in full
  --service FILE   start this program instead of src/cli.ts
`;

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    only: { type: "string" },
    service: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const SERVICE = "fuzz";
const LANES = 6;
/** Hostile requests for each valid one. */
const CASES_PER_NEIGHBOUR = 5;
const LINES_SHOWN = 15;

if (options.help) process.stdout.write(HELP);
else process.exitCode = (await fuzz(Number(options.seed))) ? 0 : 1;

async function fuzz(seed: number): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "metrics-fuzz-"));
  const databasePath = join(directory, "metrics.db");
  const service = await startService({
    databasePath,
    keys: { [SERVICE]: API_KEY },
    program: options.service,
  });
  const ledger = createLedger();
  const findings = createFindings();
  const neighbours = await createNeighbours({
    port: service.port,
    service: SERVICE,
    apiKey: API_KEY,
    ledger,
  });
  print(
    options.only === undefined
      ? `${options.count} requests, seed ${seed}`
      : `case ${options.only}, seed ${seed}`,
  );
  const reached = await sendCases(seed, service, neighbours, findings);
  await neighbours.submit();
  neighbours.close();
  const isAlive = service.isRunning();
  const scrape = isAlive ? await scrapeStatus(service) : 0;
  const { code } = await service.stop("SIGTERM");
  const audit = ledger.audit(databasePath);
  const complaints = service.log.filter((line) => /unhandled|uncaught|"level":"ERROR"/i.test(line));
  print(findings.render());
  for (const refusal of neighbours.refusals.slice(0, LINES_SHOWN))
    print(`valid, refused: ${refusal.slice(0, 300)}`);
  for (const line of complaints.slice(0, LINES_SHOWN)) print(`log: ${line.slice(0, 1000)}`);
  if (!isAlive) print(`the process died near case ${reached}`);
  if (!isAlive || code !== 0) {
    print(`exit code ${code}; its last words:\n${service.log.slice(-LINES_SHOWN).join("\n").slice(-5000)}`);
  }
  rmSync(directory, { recursive: true, force: true });
  return printChecks([
    { promise: "B4", what: "faulty answers", value: findings.faults, limit: 0 },
    { promise: "B4", what: "process died or ended badly", value: isAlive && code === 0 ? 0 : 1, limit: 0 },
    { promise: "B4", what: "errors in the log", value: complaints.length, limit: 0 },
    { promise: "B4", what: "valid metrics refused", value: ledger.taken - ledger.acknowledged, limit: 0 },
    { promise: "B4", what: "valid metrics lost", value: audit.lost, limit: 0 },
    { promise: "B4", what: "valid metrics stored twice", value: audit.duplicated, limit: 0 },
    {
      promise: "B4",
      what: `integrity check: ${audit.integrity}`,
      value: audit.integrity === "ok" ? 0 : 1,
      limit: 0,
    },
    { promise: "B4", what: `scrape afterwards: ${scrape}`, value: scrape === 200 ? 0 : 1, limit: 0 },
  ]);
}

/** Sends everything that was asked for, or as much as the service survives; returns the next case's number. */
async function sendCases(
  seed: number,
  service: ServiceProcess,
  neighbours: Neighbours,
  findings: Findings,
): Promise<number> {
  const progress = createProgress();
  const only = options.only === undefined ? undefined : Number(options.only);
  const end = only === undefined ? Number(options.count) : only + 1;
  let next = only ?? 0;

  async function runLane(): Promise<void> {
    const wires = { 1: createHttp1Wire(service.port), 2: createHttp2Wire(service.port) };
    while (next < end && service.isRunning()) {
      const fuzzCase = createCase(seed, next++, API_KEY);
      const startMs = performance.now();
      // A refused connection means that the process is gone, and ends the loop.
      const outcome = await wires[fuzzCase.door.http].exchange(fuzzCase.request).catch(lost);
      findings.add(fuzzCase, outcome, performance.now() - startMs);
      if (only !== undefined) print(describeCase(fuzzCase, outcome, "as asked"));
      if (fuzzCase.index % CASES_PER_NEIGHBOUR === 0) await neighbours.submit();
      progress.show(`${next} of ${end}, ${findings.faults} faults`);
    }
    wires[1].close();
    wires[2].close();
  }

  await Promise.all(Array.from({ length: LANES }, runLane));
  progress.clear();
  return next;
}

async function scrapeStatus(service: ServiceProcess): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${service.prometheusPort}/metrics`).catch(() => undefined);
  return response?.status ?? 0;
}

function lost(error: unknown): Outcome {
  return { httpStatus: 0, grpcStatus: undefined, text: `connection failed: ${error}` };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
