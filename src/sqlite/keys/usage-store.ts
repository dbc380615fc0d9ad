import { DAY_MS } from "../../lib/time.ts";
import { type DailyUsage, USAGE_DAYS_KEPT, type UsageRecord, type UsageRow } from "../../store/keys.ts";
import type { Database } from "../file/database.ts";

const ADD_TO_LOG = `
  INSERT INTO api_key_usage_log
    (key_hash, service_name, timestamp, endpoint, status_code, request_count, bytes_processed, duration_ms)
  SELECT key_hash, service_name, ?, ?, ?, ?, ?, ? FROM api_keys WHERE id = ?
  ON CONFLICT (timestamp, key_hash, endpoint, status_code) DO UPDATE SET
    request_count = request_count + excluded.request_count,
    bytes_processed = bytes_processed + excluded.bytes_processed,
    duration_ms = duration_ms + excluded.duration_ms`;

const ADD_TO_KEY = `
  UPDATE api_keys SET usage_count = usage_count + CAST(? AS INTEGER),
    last_used_at = max(coalesce(last_used_at, ''), ?)
  WHERE id = ?`;

const SET_DAY = `
  INSERT INTO api_key_daily_usage (date, api_key_id, request_count) VALUES (?, ?, ?)
  ON CONFLICT (date, api_key_id) DO UPDATE SET request_count = max(request_count, excluded.request_count)`;

/**
 * Add what keys have used to the log (a row a minute, key, endpoint and status), to the keys' totals and to
 * the days of their quotas, in one transaction; and delete days that no quota needs any more.
 *
 * The log and the totals are added to. The days are totals themselves, of which the larger stays: repeating
 * the same record after a failure never counts a quota twice.
 */
export function recordUsage(database: Database, { log, daily }: UsageRecord, nowMs: number): void {
  database.transaction(() => {
    for (const row of log) {
      const { endpoint, statusCode, requestCount, bytesProcessed, durationMs, apiKeyId } = row;
      const minute = new Date(row.minuteMs).toISOString();
      database.run(
        ADD_TO_LOG,
        minute,
        endpoint,
        statusCode,
        requestCount,
        bytesProcessed,
        durationMs,
        apiKeyId,
      );
    }
    for (const [apiKeyId, { requestCount, lastMs }] of totalsByKey(log)) {
      database.run(ADD_TO_KEY, requestCount, new Date(lastMs).toISOString(), apiKeyId);
    }
    for (const { apiKeyId, day, requestCount } of daily) {
      database.run(SET_DAY, dateOf(day), apiKeyId, requestCount);
    }
    const oldest = Math.floor(nowMs / DAY_MS) - USAGE_DAYS_KEPT;
    database.run("DELETE FROM api_key_daily_usage WHERE date < ?", dateOf(oldest));
  });
}

function totalsByKey(log: readonly UsageRow[]) {
  const totals = new Map<number, { requestCount: number; lastMs: number }>();
  for (const { apiKeyId, requestCount, lastMs } of log) {
    const total = totals.get(apiKeyId) ?? { requestCount: 0, lastMs: 0 };
    total.requestCount += requestCount;
    total.lastMs = Math.max(total.lastMs, lastMs);
    totals.set(apiKeyId, total);
  }
  return totals;
}

/** Every stored day of every key; `day` counts days since 1970 UTC. Read once, at the start. */
export function listDailyUsage(database: Database): readonly DailyUsage[] {
  return database.all("SELECT date, api_key_id, request_count FROM api_key_daily_usage").map((row) => ({
    apiKeyId: Number(row.api_key_id),
    day: Date.parse(String(row.date)) / DAY_MS,
    requestCount: Number(row.request_count),
  }));
}

/**
 * Let a key begin with what another one has used of its quotas, so that rotating a key does not renew them.
 */
export function copyDailyUsage(database: Database, fromKeyId: number, toKeyId: number): void {
  database.run(
    `INSERT INTO api_key_daily_usage (date, api_key_id, request_count)
     SELECT date, CAST(? AS INTEGER), request_count FROM api_key_daily_usage WHERE api_key_id = ?`,
    toKeyId,
    fromKeyId,
  );
}

/** YYYY-MM-DD of a day since 1970 UTC. */
function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
