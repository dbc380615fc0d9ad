/**
 * Taking over a directory's export: servers with their keys and secrets, metrics, days, events and usage.
 *
 * It is read twice, for a dump has its tables in any order, and metrics need their servers. Every row of it is
 * taken once, however often it is exported and read.
 */
import { serverKeyOf } from "../access/api-key.ts";
import { NAMES_PER_SERVER_MAX } from "../catalogue/directory.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import type { Seal } from "../lib/seal.ts";
import { DAY_MS } from "../lib/time.ts";
import { listMetricNames } from "../sqlite/directory/servers.ts";
import type { Database } from "../sqlite/file/database.ts";
import { DirectoryImport } from "../sqlite/legacy/directory-imports.ts";
import { listPolicies } from "../sqlite/retention/policies.ts";
import { cutoffOf } from "../store/retention.ts";
import { type ExportRow, type ExportTable, findExportFiles, readExport } from "./export/export-files.ts";
import {
  type LeaveOut,
  msOf,
  readDayRow,
  readEventRow,
  readPointRow,
  readServerRow,
  readUseRow,
  SkippedRowError,
  serverIdOf,
} from "./read-export-rows.ts";

/** Rows a transaction, and what an interruption makes to be read again. */
const CHUNK_ROWS = 2000;

/** What an import of a directory is given. */
export interface DirectoryOptions {
  /** Held by nobody else, and migrated. */
  readonly database: Database;
  /** A folder, an SQL dump or a CSV file. */
  readonly path: string;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
  readonly pseudonymise: Pseudonymise;
  /** Webhook secrets are kept under it. */
  readonly seal: Seal;
  /** Requests a minute of a server's key. */
  readonly rateLimit: number;
  /** Whether servers are public of which the export does not say it. */
  readonly isPublic: boolean;
  /** Called after each chunk: `done` rows have been looked at, of `total`. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What became of the rows of one table. */
export interface TableCounts {
  imported: number;
  alreadyHere: number;
  /** Of those imported, older than their policy allows: the next cleanup will delete them. */
  expired: number;
  /** Reason → how many rows it was given for. */
  readonly skipped: Record<string, number>;
  /** What was left out of rows that are imported → how many. */
  readonly leftOut: Record<string, number>;
}

/** Of each table, and the keys and secrets that came with servers. */
export type DirectoryResult = Readonly<Record<ExportTable | "keys" | "secrets", TableCounts>>;

const noCounts = (): TableCounts => ({ imported: 0, alreadyHere: 0, expired: 0, skipped: {}, leftOut: {} });
const count = (counts: Record<string, number>, reason: string) => {
  counts[reason] = (counts[reason] ?? 0) + 1;
};
const countRow = (counts: TableCounts, isNew: boolean) => {
  if (isNew) counts.imported += 1;
  else counts.alreadyHere += 1;
};

/**
 * Take over what is new in an export. Interrupted at any moment, the next run takes what is missing.
 *
 * @throws {LegacySourceError} for what is no export; nothing of a file behind a broken one is imported then.
 */
export function importDirectory(options: DirectoryOptions): DirectoryResult {
  const { database, path, wallMs, onProgress } = options;
  const files = findExportFiles(path);
  const target = new DirectoryImport(database);
  const result: DirectoryResult = {
    servers: noCounts(),
    keys: noCounts(),
    secrets: noCounts(),
    server_metrics: noCounts(),
    server_metrics_daily: noCounts(),
    server_events: noCounts(),
    server_usage: noCounts(),
  };
  let total = 0;
  const inChunks = (take: (table: ExportTable, row: ExportRow) => void, onChunk: (rows: number) => void) => {
    for (const chunk of chunksOf(readExport(files), CHUNK_ROWS)) {
      target.chunk(wallMs(), () => chunk.forEach(([table, row]) => void take(table, row)));
      onChunk(chunk.length);
    }
  };
  const takeServer = createTakeServer(options, target, result);
  inChunks(
    (table, row) => {
      if (table === "servers") countedIn(result.servers, (leaveOut) => takeServer(row, leaveOut));
    },
    (rows) => {
      total += rows;
    },
  );
  const takeRow = createTakeRow(options, target);
  const nowMs = wallMs();
  const cutoffs = new Map(listPolicies(database).map((each) => [each.tableName, cutoffOf(each, nowMs)]));
  let done = 0;
  onProgress(done, total);
  inChunks(
    (table, row) => {
      if (table === "servers") return;
      const counts = result[table];
      countedIn(counts, (leaveOut) => {
        const ms = takeRow[table](row, leaveOut);
        countRow(counts, ms !== undefined);
        if (ms !== undefined && ms < (cutoffs.get(table) ?? 0)) counts.expired += 1;
      });
    },
    (rows) => {
      done += rows;
      onProgress(done, total);
    },
  );
  return result;
}

/** Takes a row, and counts it where it is skipped, or what is left out of it. */
function countedIn(counts: TableCounts, take: (leaveOut: LeaveOut) => void): void {
  const leftOut = new Set<string>();
  try {
    take((what) => void leftOut.add(what));
    for (const what of leftOut) count(counts.leftOut, what);
  } catch (error) {
    if (!(error instanceof SkippedRowError)) throw error;
    count(counts.skipped, error.message);
  }
}

function* chunksOf<Item>(items: Iterable<Item>, size: number): Generator<readonly Item[], void> {
  let chunk: Item[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Registers a server with its key and secret; one that is here keeps what it has, and gets the key beside it. */
function createTakeServer(
  { wallMs, seal, rateLimit, isPublic }: DirectoryOptions,
  target: DirectoryImport,
  result: DirectoryResult,
) {
  return (row: ExportRow, leaveOut: LeaveOut): void => {
    const nowMs = wallMs();
    const { apiKey, webhookSecret, ...server } = readServerRow(row, leaveOut);
    const isNew = target.addServer({
      ...server,
      isPublic: server.isPublic ?? isPublic,
      createdMs: server.createdMs ?? nowMs,
      tools: [],
      sealedSecret: webhookSecret === undefined ? undefined : seal.close(webhookSecret, server.id),
    });
    countRow(result.servers, isNew);
    if (webhookSecret !== undefined) countRow(result.secrets, isNew);
    if (apiKey === undefined) return;
    const outcome = target.addKey(serverKeyOf(apiKey, server.id, rateLimit), nowMs);
    if (outcome === "foreign") leaveOut("api_key: it is another one's here");
    else countRow(result.keys, outcome === "added");
  };
}

/** Stores a row and returns its time, ms since 1970 UTC; undefined of one that is here already. */
type TakeRow = (row: ExportRow, leaveOut: LeaveOut) => number | undefined;

/** How a row is stored, by table. */
function createTakeRow(
  { database, wallMs, pseudonymise }: DirectoryOptions,
  target: DirectoryImport,
): Readonly<Record<Exclude<ExportTable, "servers">, TakeRow>> {
  const servers = target.servers();
  const namesOf = new Map<number, Set<string>>();
  const numberOf = (row: ExportRow) => {
    const number = servers.get(serverIdOf(row.server_id));
    if (number === undefined) throw new SkippedRowError("server_id: no such server here, nor in the export");
    return number;
  };
  const admitterOf = (server: number) => {
    const names = namesOf.get(server) ?? new Set(listMetricNames(database, server));
    namesOf.set(server, names);
    return (name: string) => names.has(name) || (names.size < NAMES_PER_SERVER_MAX && !!names.add(name));
  };
  const isNew = (table: string, row: ExportRow, ...content: readonly (string | number | null)[]) => {
    const known = [table, row.server_id ?? null, msOf(row.recorded_at ?? row.created_at) ?? null, ...content];
    return row.id ? target.isNew([...known, row.id]) : target.isOneMore(known);
  };
  const contextNow = () => ({ nowMs: wallMs(), pseudonymise });
  return {
    server_metrics(row, leaveOut) {
      const server = numberOf(row);
      const point = readPointRow(row, wallMs(), admitterOf(server), leaveOut);
      const { name, type, value, tags = null, timestampMs } = point;
      if (!isNew("server_metrics", row, name, type, value, tags)) return undefined;
      target.addPoint(server, point);
      return timestampMs;
    },
    server_metrics_daily(row) {
      const server = numberOf(row);
      const day = readDayRow(row, wallMs(), admitterOf(server));
      return target.addDay(server, day) ? day.day * DAY_MS : undefined;
    },
    server_events(row, leaveOut) {
      numberOf(row);
      const event = readEventRow(row, contextNow(), leaveOut);
      const { type, previousValue = null, newValue = null, timestampMs } = event;
      if (!isNew("server_events", row, type, previousValue, newValue)) return undefined;
      target.addEvent(event);
      return timestampMs;
    },
    server_usage(row, leaveOut) {
      const use = readUseRow(row, contextNow(), leaveOut);
      const { action, userId = null, toolId = null, timestampMs } = use;
      if (!isNew("server_usage", row, action, userId, toolId)) return undefined;
      target.addUse(use);
      return timestampMs;
    },
  };
}
