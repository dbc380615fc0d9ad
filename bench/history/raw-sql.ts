import { statSync } from "node:fs";
import Database from "libsql";
import { createFill, makeRow } from "../predecessor-schema.ts";
import { bySender, historyOf } from "./fill.ts";
import type { DashboardQuery } from "./queries.ts";

const CHUNK_METRICS = 20_000;

/** Fill the predecessor's tables with the same history. Returns the bytes of the file. */
export function fillPredecessor(
  path: string,
  metrics: number,
  endMs: number,
  onProgress: (done: number) => void,
): number {
  const database = new Database(path);
  const fill = createFill(database);
  // Nobody times this, and the file is thrown away.
  database.exec("PRAGMA synchronous = OFF");
  const source = historyOf(metrics, endMs);
  for (let done = 0; done < metrics; done += CHUNK_METRICS) {
    const chunk = Array.from({ length: CHUNK_METRICS }, () => source.next().value ?? []).flat();
    const requestId = `req_${done.toString(16).padStart(16, "0")}`;
    fill(
      bySender(chunk).flatMap(([service, sent]) =>
        sent.map((metric) => makeRow(metric, service, requestId, new Date(metric.timestamp).toISOString())),
      ),
    );
    onProgress(done);
  }
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return statSync(path).size;
}

/** Once asked for so long, a query is not repeated. */
const ENOUGH_MS = 5_000;
const ROUNDS = 3;

/** Milliseconds of the query as plain SQL, each time. */
export function timeSql(path: string, query: DashboardQuery, endMs: number): number[] {
  const database = new Database(path);
  const start = new Date(endMs - query.days * 86_400_000).toISOString();
  const end = new Date(endMs).toISOString();
  const statement = database.prepare(query.sql.replaceAll(":start", "?1").replaceAll(":end", "?2"));
  const times: number[] = [];
  let spentMs = 0;
  while (times.length < ROUNDS && spentMs < ENOUGH_MS) {
    const startedMs = performance.now();
    statement.all([start, end]);
    times.push(performance.now() - startedMs);
    spentMs += times.at(-1) ?? 0;
  }
  database.close();
  return times;
}
