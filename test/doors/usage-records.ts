/** A service whose time stands still and whose usage is stored when a test says so. */

import { systemClock } from "../../src/lib/clock.ts";
import { USAGE_INTERVAL_MS } from "../../src/maintenance/jobs.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { parseExposition } from "../support/exposition.ts";
import type { TestService } from "../support/service.ts";
import { until } from "../support/wait.ts";

/** The wall clock says `nowMs`; all other time passes. Jobs as often as usage's wait for `flushUsage`. */
export function createUsageClock(nowMs: number) {
  const waiting: (() => void)[] = [];
  const clock = {
    ...systemClock,
    nowMs,
    wallMs: () => clock.nowMs,
    after(delayMs: number, job: () => void) {
      if (delayMs !== USAGE_INTERVAL_MS) return systemClock.after(delayMs, job);
      waiting.push(job);
      return () => {};
    },
    /** Let the interval pass, and wait until what it sets off is done. */
    async flushUsage(): Promise<void> {
      const due = waiting.splice(0);
      for (const job of due) job();
      await until("the next interval", () => waiting.length === due.length);
    },
  };
  return clock;
}

/** The sum of a counter of the service over the series that have these labels. */
export async function counted(
  { prometheusUrl }: TestService,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const samples = parseExposition(await (await fetch(prometheusUrl)).text());
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Wait until so many requests have been counted: an answer arrives before the service has closed its books on it. */
export async function answered(service: TestService, requests: number): Promise<void> {
  const look = async () => (await counted(service, "http_requests_total", {})) === requests;
  await until(`${requests} answers`, look);
}

export interface UsageLine {
  readonly timestamp: string;
  readonly endpoint: string;
  readonly status: number;
  readonly requests: number;
  readonly bytes: number;
  readonly ms: number;
}

/** The usage log of a key, as somebody with a SQLite shell reads it. */
export function usageLog(databasePath: string, keyHash: string): readonly UsageLine[] {
  return readDatabase(databasePath, (database) =>
    database
      .all(
        "SELECT * FROM api_key_usage_log WHERE key_hash = ? ORDER BY timestamp, endpoint, status_code",
        keyHash,
      )
      .map((row) => ({
        timestamp: String(row.timestamp),
        endpoint: String(row.endpoint),
        status: Number(row.status_code),
        requests: Number(row.request_count),
        bytes: Number(row.bytes_processed),
        ms: Number(row.duration_ms),
      })),
  );
}

/** What has counted against a key's quotas, by date. */
export function dailyUsage(databasePath: string, apiKeyId: number): Readonly<Record<string, number>> {
  const sql = "SELECT date, request_count FROM api_key_daily_usage WHERE api_key_id = ? ORDER BY date";
  return readDatabase(databasePath, (database) =>
    Object.fromEntries(
      database.all(sql, apiKeyId).map((row) => [String(row.date), Number(row.request_count)]),
    ),
  );
}
