/**
 * Retention deletes what it may and nothing else, and rollups never lose by it, whenever the process dies.
 *
 * A database with months of history, most of it expired: the service is started, cleans up under load, and
 * is killed at a random moment, again and again. At the end the rows before the cutoff are gone, those
 * after it are all there, every acknowledged metric as well, and the rollups hold all that ever was.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import Libsql from "libsql";
import { fill } from "../../bench/history/fill.ts";
import { createRandom } from "../../bench/random.ts";
import { type ServiceOptions, startService } from "../../bench/service-process.ts";
import { DAY_MS, HOUR_MS } from "../../src/lib/time.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { verifyRollups } from "../../src/sqlite/rollups/verify.ts";
import { createLedger } from "./ledger.ts";
import { API_KEY, printChecks } from "./promises.ts";
import { createSenders } from "./senders.ts";

const HELP = `Usage: npm run chaos:cleanup -- [options]
  --expired N   rows that cleanup has to delete (default 1000000)
  --kills N     default 50
  --seed N      of the moments of death; default random, printed
`;

const { values: options } = parseArgs({
  options: {
    expired: { type: "string", default: "1000000" },
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: "boolean", default: false },
  },
});

const RETENTION_DAYS = 90;
/** Half of the history is expired. */
const HISTORY_DAYS = 180;
const SERVICE = "chaos";
const FINISH_TIMEOUT_MS = 300_000;
const print = (line: string) => void process.stdout.write(`${line}\n`);

if (options.help) process.stdout.write(HELP);
else process.exitCode = (await run()) ? 0 : 1;

async function run(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "metrics-cleanup-"));
  const databasePath = join(directory, "metrics.db");
  const service = { databasePath, keys: { [SERVICE]: API_KEY } };
  const metrics = Number(options.expired) * 2;
  print(`${metrics} metrics over ${HISTORY_DAYS} days, ${options.kills} kills, seed ${options.seed}`);
  const endMs = Date.now();
  fill({ path: databasePath, metrics, days: HISTORY_DAYS, endMs, withRollups: true, onProgress() {} });

  const ledger = createLedger();
  const senders = createSenders({
    protocol: "rest",
    connections: 4,
    service: SERVICE,
    apiKey: API_KEY,
    ledger,
  });
  const random = createRandom(Number(options.seed));
  const left: number[] = [];
  for (let round = 1; round <= Number(options.kills); round += 1) {
    const running = await startService(service);
    const sending = senders.sendUntilLost(running.port, 1);
    await sleep(random.below(600));
    await running.stop("SIGKILL");
    await sending;
    left.push(expiredRows(databasePath, endMs));
  }
  print(`expired rows left after each kill: ${left.join(" ")}`);
  await finish(service, senders, endMs);

  const found = inspect(databasePath, endMs);
  const kept = Math.round(metrics * ((endMs - found.deletedBeforeMs) / (HISTORY_DAYS * DAY_MS)));
  const audit = ledger.audit(databasePath);
  const { differenceCount, differences, measurements } = readDatabase(databasePath, (database) =>
    verifyRollups(database),
  );
  for (const line of differences) print(line);
  const total = metrics + ledger.acknowledged;
  const isKept = printChecks([
    {
      promise: "A9",
      what: "kills that hit a cleanup half-way, too few",
      value: hits(left, metrics) ? 0 : 1,
      limit: 0,
    },
    { promise: "A9", what: "expired rows still there", value: found.expired, limit: 0 },
    // Metrics are spread evenly: one lies on the boundary.
    { promise: "A9", what: "rows deleted too early", value: Math.max(0, kept - 1 - found.history), limit: 0 },
    { promise: "A9", what: "acknowledged and lost", value: audit.lost, limit: 0 },
    { promise: "A9", what: "stored twice", value: audit.duplicated, limit: 0 },
    {
      promise: "A9",
      what: "hourly sums differ from all ever stored",
      value: Math.abs(found.hourly - total),
      limit: 0,
    },
    {
      promise: "A9",
      what: "daily sums differ from all ever stored",
      value: Math.abs(found.daily - total),
      limit: 0,
    },
    { promise: "A9", what: `rollups differ from ${measurements} rows`, value: differenceCount, limit: 0 },
    {
      promise: "A9",
      what: `integrity ${audit.integrity}`,
      value: audit.integrity === "ok" ? 0 : 1,
      limit: 0,
    },
  ]);
  if (isKept) rmSync(directory, { recursive: true, force: true });
  else print(`kept ${databasePath}`);
  return isKept;
}

/** Whether some kill left the work half done. */
function hits(left: readonly number[], metrics: number): boolean {
  return left.some((rows) => rows > 0 && rows < metrics / 2 - 1000);
}

/** Let the service finish its cleanup. */
async function finish(
  service: ServiceOptions,
  senders: ReturnType<typeof createSenders>,
  endMs: number,
): Promise<void> {
  const running = await startService(service);
  await senders.sendUnanswered(running.port);
  const startedMs = performance.now();
  while (expiredRows(service.databasePath, endMs) > 0) {
    if (performance.now() - startedMs > FINISH_TIMEOUT_MS) throw new Error("the cleanup does not end");
    await sleep(500);
  }
  await running.stop("SIGTERM");
}

function withReader<Result>(path: string, work: (database: Libsql.Database) => Result): Result {
  const database = new Libsql(`file:${path}?mode=ro`);
  try {
    database.exec("PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0");
    return work(database);
  } finally {
    database.close();
  }
}

/** Rows that had surely expired when everything began: retention follows the clock with some reserve. */
function expiredRows(path: string, endMs: number): number {
  const sql = `SELECT count(*) FROM measurements WHERE ts < ${endMs - RETENTION_DAYS * DAY_MS - HOUR_MS}`;
  return withReader(path, (database) => Number((database.prepare(sql).raw(true).get([]) as number[])[0]));
}

function inspect(path: string, endMs: number) {
  return withReader(path, (database) => {
    const number = (sql: string) => Number((database.prepare(sql).raw(true).get([]) as number[])[0]);
    const deletedBeforeMs = number("SELECT max(deleted_before_ms) FROM retention_policies");
    return {
      deletedBeforeMs,
      expired: number(
        `SELECT count(*) FROM measurements WHERE ts < ${endMs - RETENTION_DAYS * DAY_MS - HOUR_MS}`,
      ),
      /** What is left of the history that was there at first. */
      history: number(`SELECT count(*) FROM measurements WHERE ts < ${endMs} AND source_id IN
        (SELECT id FROM sources WHERE service <> '${SERVICE}')`),
      hourly: number("SELECT sum(count) FROM metrics_hourly"),
      daily: number("SELECT sum(count) FROM metrics_daily"),
    };
  });
}
