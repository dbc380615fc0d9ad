/**
 * Nothing acknowledged is lost and nothing is stored twice, whenever the process dies.
 *
 * Round after round on one database file: start the service, load it from many connections, kill it at
 * a random moment, start it again. Clients send what was not answered once more with the same
 * idempotency key. At the end every acknowledged metric must be in the database exactly once. With
 * `--signal TERM` the service is asked to stop instead, and must do so in time and with exit code 0.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "../../bench/measure.ts";
import { createRandom } from "../../bench/random.ts";
import {
  type Exit,
  killWhileStarting,
  type ServiceOptions,
  type ServiceProcess,
  startService,
} from "../../bench/service-process.ts";
import { type Audit, createLedger, type Ledger } from "./ledger.ts";
import { API_KEY, type Check, printChecks } from "./promises.ts";
import { createSenders, type Senders } from "./senders.ts";

const HELP = `Usage: npm run chaos -- [options]
  --rounds N            default 200 (100 with --signal TERM)
  --signal KILL|TERM    default KILL
  --protocol rest|connect|grpc
  --connections N       default 16 (64 with --signal TERM)
  --seed N              of the moments of death; default random, printed
  --median-limit MS     of the times until ready and to exit, default 1000: for a machine not otherwise busy
  --dir DIR             where the database goes (default: the system's temporary directory)
  --service FILE        start this program instead of src/cli.ts
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string" },
    signal: { type: "string", default: "KILL" },
    protocol: { type: "string", default: "rest" },
    connections: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    "median-limit": { type: "string", default: "1000" },
    dir: { type: "string", default: tmpdir() },
    service: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const SERVICE = "chaos";
/** Rounds between two looks into the database, which take longer the more it holds. */
const AUDIT_ROUNDS = 50;
const EXIT_LIMIT_MS = 10_000;
const MEDIAN_LIMIT_MS = Number(options["median-limit"]);

if (options.help) process.stdout.write(HELP);
else process.exitCode = (await loop()) ? 0 : 1;

interface Course {
  readonly readyMs: number[];
  readonly exits: Exit[];
}

async function loop(): Promise<boolean> {
  const isTerm = options.signal === "TERM";
  const directory = mkdtempSync(join(options.dir, "metrics-chaos-"));
  const service = {
    databasePath: join(directory, "metrics.db"),
    keys: { [SERVICE]: API_KEY },
    program: options.service,
  };
  const ledger = createLedger();
  const senders = createSenders({
    protocol: readProtocol(options.protocol),
    connections: Number(options.connections ?? (isTerm ? 64 : 16)),
    service: SERVICE,
    apiKey: API_KEY,
    ledger,
  });
  const rounds = Number(options.rounds ?? (isTerm ? 100 : 200));
  print(
    `${rounds} rounds of SIG${options.signal} over ${options.protocol}, seed ${options.seed}, ${service.databasePath}`,
  );
  const { readyMs, exits } = await runRounds(service, senders, ledger, rounds);
  const last = await startService(service);
  await senders.sendUnanswered(last.port);
  const lastExit = await last.stop("SIGTERM");
  const audit = ledger.audit(service.databasePath);
  for (const [status, { count, body }] of senders.tally.refused)
    print(`refused ${count} times with ${status}: ${body}`);
  print(
    `${ledger.acknowledged} acknowledged of ${ledger.taken} sent, ${audit.rows} in the database, ` +
      `${senders.tally.unanswered} requests cut off and sent again`,
  );
  const isKept = printChecks([
    { promise: isTerm ? "A6" : "A1", what: "acknowledged and lost", value: audit.lost, limit: 0 },
    { promise: "A2", what: "stored twice", value: audit.duplicated, limit: 0 },
    { promise: "A2", what: "stored and never sent", value: audit.unknown, limit: 0 },
    { promise: "A2", what: "never acknowledged", value: ledger.taken - ledger.acknowledged, limit: 0 },
    {
      promise: "A1",
      what: `integrity check: ${audit.integrity}`,
      value: audit.integrity === "ok" ? 0 : 1,
      limit: 0,
    },
    {
      promise: "A1",
      what: "ms until ready, median",
      value: Math.round(median(readyMs)),
      limit: MEDIAN_LIMIT_MS,
    },
    ...exitChecks(isTerm ? [...exits, lastExit] : [lastExit]),
  ]);
  // What went wrong must be there to look at.
  if (isKept) rmSync(directory, { recursive: true, force: true });
  else print(`kept ${service.databasePath}; numbers at fault: ${audit.examples.join(", ")}`);
  return isKept;
}

async function runRounds(
  service: ServiceOptions,
  senders: Senders,
  ledger: Ledger,
  rounds: number,
): Promise<Course> {
  const random = createRandom(Number(options.seed));
  const readyMs: number[] = [];
  const exits: Exit[] = [];
  for (let round = 1; round <= rounds; round++) {
    // Recovery and migrations must survive a kill as well.
    if (random.chance(0.1)) await killWhileStarting(service, 50 + random.below(500));
    const running = await startService(service);
    readyMs.push(running.readyMs);
    const sending = senders.sendUntilLost(running.port, round % 2 === 0 ? 100 : 1);
    await sleep(500 + random.below(2000));
    const exit = await running.stop(options.signal === "TERM" ? "SIGTERM" : "SIGKILL");
    await sending;
    exits.push(exit);
    if (options.signal === "TERM" && exit.code !== 0)
      print(`round ${round}: exit code ${exit.code}\n${tail(running)}`);
    if (round % AUDIT_ROUNDS === 0) failFast(ledger.audit(service.databasePath));
    if (round % 10 === 0) {
      const ready = `ready after ${Math.round(median(readyMs))} ms (median)`;
      print(`round ${round}: ${ledger.acknowledged} acknowledged, ${ready}`);
    }
  }
  return { readyMs, exits };
}

function exitChecks(exits: readonly Exit[]): Check[] {
  const ms = exits.map((exit) => Math.round(exit.ms));
  const failed = exits.filter(({ code }) => code !== 0).length;
  return [
    { promise: "A6", what: "exits with another code than 0", value: failed, limit: 0 },
    { promise: "A6", what: "ms to exit, median", value: median(ms), limit: MEDIAN_LIMIT_MS },
    { promise: "A6", what: "ms to exit, longest", value: Math.max(...ms), limit: EXIT_LIMIT_MS },
  ];
}

const tail = (service: ServiceProcess) => service.log.slice(-10).join("\n").slice(-3000);

function failFast({ lost, duplicated, unknown, integrity, rows }: Audit): void {
  print(`  audit: ${rows} rows, ${lost} lost, ${duplicated} duplicated, integrity ${integrity}`);
  if (lost + duplicated + unknown > 0 || integrity !== "ok") throw new Error("a promise is broken already");
}

function readProtocol(text: string): "rest" | "connect" | "grpc" {
  if (text === "rest" || text === "connect" || text === "grpc") return text;
  throw new Error(`--protocol: "${text}" is not rest, connect or grpc`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
