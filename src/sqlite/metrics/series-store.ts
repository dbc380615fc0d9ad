/**
 * The last points of cumulative series: OpenTelemetry sums and histograms whose points count since a start
 * time (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality). What is stored of a metric
 * is what a point adds to the one before it, so that the last point is kept, in the transaction that stores
 * the addition.
 */
import { SERIES_PER_OWNER_MAX, type SeriesFound, type SeriesQuestion } from "../../store/metrics.ts";
import type { SeriesUpdate } from "../../store/submission.ts";
import type { Database } from "../file/database.ts";
import { findAnswer } from "./idempotency-store.ts";

/** A series seen within this time is not forgotten for new ones: it would be counted again from its start. */
const ACTIVE_MS = 24 * 3_600_000;
/** A series not seen for so long has ended. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3_600_000;

/** ms that a count of them is reused: a collector's request asks once for each of its resources. */
const ROOM_KNOWN_MS = 1000;

/**
 * What is known of some series of one owner, and for how many new ones there is room. Room that was granted
 * is kept from whoever asks next within a second; a request that then fails gives it back with the next
 * count.
 */
export function findSeries(database: Database, question: SeriesQuestion, nowMs: number): SeriesFound {
  const { owner, keys, apiKeyId, idempotencyKey } = question;
  const earlier = findAnswer(database, apiKeyId, idempotencyKey, nowMs);
  const sql = `SELECT series_key, seen_ms, last_point FROM cumulative_series
               WHERE series_key IN (SELECT value FROM json_each(?))`;
  const series = new Map(
    database
      .all(sql, JSON.stringify(keys))
      .map((row) => [
        String(row.series_key),
        { lastPoint: String(row.last_point), seenMs: Number(row.seen_ms) },
      ]),
  );
  const begun = earlier === undefined ? keys.length - series.size : 0;
  return { earlier, series, room: begun === 0 ? 0 : reserveRoom(database, owner, begun, nowMs) };
}

/** How many series of an owner may still begin. */
interface Room {
  left: number;
  readonly countedMs: number;
}

/**
 * By database, since tests open several in one thread; then by owner, of whom there are as many as services.
 */
const rooms = new WeakMap<Database, Map<string, Room>>();

/** Room for as many of `begun` series as there is. Whoever asks next does not get the same. */
function reserveRoom(database: Database, owner: string, begun: number, nowMs: number): number {
  const ofDatabase = rooms.get(database) ?? new Map<string, Room>();
  rooms.set(database, ofDatabase);
  let room = ofDatabase.get(owner);
  if (room === undefined || Math.abs(nowMs - room.countedMs) >= ROOM_KNOWN_MS) {
    room = { left: countRoom(database, owner, nowMs), countedMs: nowMs };
    ofDatabase.set(owner, room);
  }
  const granted = Math.min(room.left, begun);
  room.left -= granted;
  return granted;
}

/** Series that are not active make room: `saveSeries` forgets the oldest of them. */
function countRoom(database: Database, owner: string, nowMs: number): number {
  const sql = "SELECT count(*) AS active FROM cumulative_series WHERE owner = ? AND seen_ms > ?";
  const active = Number(database.first(sql, owner, nowMs - ACTIVE_MS)?.active);
  return Math.max(0, SERIES_PER_OWNER_MAX - active);
}

/**
 * Store the last points, inside the transaction that stores what they added: one without the other would
 * count the addition twice, or never. Called once a commit with all of them, because it counts each owner's
 * series.
 */
export function saveSeries(database: Database, updates: readonly SeriesUpdate[], nowMs: number): void {
  const sql =
    "INSERT OR REPLACE INTO cumulative_series (series_key, owner, seen_ms, last_point) VALUES (?, ?, ?, ?)";
  for (const { key, owner, lastPoint } of updates) database.run(sql, key, owner, nowMs, lastPoint);
  for (const owner of new Set(updates.filter(({ isNew }) => isNew).map((update) => update.owner))) {
    const excess = countSeries(database, owner) - SERIES_PER_OWNER_MAX;
    if (excess > 0) forgetOldest(database, owner, excess);
  }
}

function countSeries(database: Database, owner: string): number {
  const sql = "SELECT count(*) AS series FROM cumulative_series WHERE owner = ?";
  return Number(database.first(sql, owner)?.series);
}

function forgetOldest(database: Database, owner: string, count: number): void {
  database.run(
    `DELETE FROM cumulative_series WHERE series_key IN (
       SELECT series_key FROM cumulative_series WHERE owner = ? ORDER BY seen_ms LIMIT CAST(? AS INTEGER))`,
    owner,
    count,
  );
}

/**
 * Forget at most `rowsMax` series that have ended; returns how many, fewer than `rowsMax` when none is left.
 */
export function deleteEndedSeries(database: Database, nowMs: number, rowsMax: number): number {
  return database.run(
    `DELETE FROM cumulative_series WHERE series_key IN (
       SELECT series_key FROM cumulative_series WHERE seen_ms <= ? LIMIT CAST(? AS INTEGER))`,
    nowMs - FORGOTTEN_AFTER_MS,
    rowsMax,
  ).changes;
}
