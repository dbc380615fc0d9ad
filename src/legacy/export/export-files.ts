/** A directory's export: CSV files named after the tables, or SQL dumps, alone or several in a folder. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { LegacySourceError } from "../../sqlite/legacy/legacy-source.ts";
import { type Cell, readCsv, TornTextError } from "./csv.ts";
import { readDump } from "./sql-dump.ts";
import { readTextOf } from "./text-cursor.ts";

/** What is taken from an export. */
export const EXPORT_TABLES = [
  "servers",
  "server_metrics",
  "server_metrics_daily",
  "server_events",
  "server_usage",
] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];

/** A row: column → value, columns in lower case. */
export type ExportRow = Readonly<Record<string, Cell>>;

/** One file, and of which table a CSV file is. */
interface ExportFile {
  readonly path: string;
  readonly table: ExportTable | undefined;
}

/** Also of `public.servers.csv`, `servers_rows (1).csv`, `2026-11-30-server_metrics_daily.csv`. */
const CSV_NAME =
  /(?:^|[^a-z_])(server_metrics_daily|server_metrics|server_events|server_usage|servers)(?:_rows)?(?![a-z_])/i;
/** First bytes of what holds tables in another form, and what to do with it. */
const OTHER_FORMS = [
  { bytes: "PGDMP", advice: "is a dump in PostgreSQL's own format: write it with pg_dump --format=plain" },
  { bytes: "\x1f\x8b", advice: "is compressed: unpack it first" },
  { bytes: "PK\x03\x04", advice: "is an archive: unpack it first" },
];

/** Whether a path is one of an export: a folder, or a file of one of its forms. */
export function isExport(path: string): boolean {
  return /\.(csv|sql)$/i.test(path) || (existsSync(path) && statSync(path).isDirectory());
}

/** The files of an export at `path`. @throws {LegacySourceError} when there is none that can be read. */
export function findExportFiles(path: string): readonly ExportFile[] {
  if (!existsSync(path)) throw new LegacySourceError(`${path} is not there`);
  const paths = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.(csv|sql)$/i.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  for (const each of paths) rejectOtherForms(each);
  const files = paths.map((each) => ({
    path: each,
    table: /\.csv$/i.test(each) ? tableOf(each) : undefined,
  }));
  const usable = files.filter(({ path: each, table }) => table !== undefined || /\.sql$/i.test(each));
  if (usable.length === 0) {
    throw new LegacySourceError(
      `${path} has no SQL dump, and no CSV file with the name of a table: ${EXPORT_TABLES.join(", ")}`,
    );
  }
  return usable;
}

function tableOf(path: string): ExportTable | undefined {
  const name = CSV_NAME.exec(basename(path))?.[1]?.toLowerCase();
  return EXPORT_TABLES.find((table) => table === name);
}

function rejectOtherForms(path: string): void {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(8);
    const head = bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, 0));
    const other = OTHER_FORMS.find((form) => head.startsWith(form.bytes));
    if (other !== undefined) throw new LegacySourceError(`${path} ${other.advice}`);
  } finally {
    closeSync(file);
  }
}

/** The rows of the tables of an export, as they come. @throws {LegacySourceError} for a file that is cut off. */
export function* readExport(
  files: readonly ExportFile[],
): Generator<readonly [table: ExportTable, row: ExportRow], void> {
  for (const { path, table } of files) {
    try {
      if (table === undefined) yield* readSqlFile(path);
      else yield* readCsvFile(path, table);
    } catch (error) {
      if (error instanceof TornTextError)
        throw new LegacySourceError(`${path} is cut off: it ${error.message}`);
      throw error;
    }
  }
}

function* readCsvFile(path: string, table: ExportTable): Generator<readonly [ExportTable, ExportRow], void> {
  let columns: readonly string[] | undefined;
  for (const cells of readCsv(readTextOf(path))) {
    if (columns === undefined) columns = cells.map((cell) => cell ?? "");
    else yield [table, rowOf(columns, cells)];
  }
}

function* readSqlFile(path: string): Generator<readonly [ExportTable, ExportRow], void> {
  for (const { table: name, columns, cells } of readDump(readTextOf(path))) {
    const table = EXPORT_TABLES.find((each) => each === name);
    if (table === undefined) continue;
    if (columns === undefined) throw new LegacySourceError(`${path} does not say which columns ${name} has`);
    yield [table, rowOf(columns, cells)];
  }
}

function rowOf(columns: readonly string[], cells: readonly Cell[]): ExportRow {
  return Object.fromEntries(
    columns.map((column, index) => [column.trim().toLowerCase(), cells[index] ?? null]),
  );
}
