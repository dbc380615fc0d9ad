/** Exports of a directory's tables, in every form that PostgreSQL and its hosts write them in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../cli/run-cli.ts";

/** Table → rows; a value is text as the database prints it, or null. */
export type Tables = Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>>;

const columnsOf = (rows: Tables[string]) => Object.keys(rows[0] ?? {});

function csvCell(value: string | null | undefined): string {
  if (value === null || value === undefined) return "";
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function csvOf(rows: Tables[string], lineEnd = "\n"): string {
  const columns = columnsOf(rows);
  const lines = rows.map((row) => columns.map((column) => csvCell(row[column])).join(","));
  return `${[columns.join(","), ...lines].join(lineEnd)}${lineEnd}`;
}

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};
const copyCell = (value: string | null | undefined) =>
  value?.replaceAll(/[\\\t\n\r]/g, (found) => COPY_ESCAPES[found] ?? found) ?? "\\N";
const copyTime = (value: string | null | undefined) =>
  value === "true" ? "t" : value === "false" ? "f" : value;

const HEAD = `--
-- PostgreSQL database dump; it's of "public"
--
\\restrict abc
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.aggregate() RETURNS integer LANGUAGE plpgsql AS $_$
BEGIN
  INSERT INTO server_metrics (id) VALUES ('not a row'); RETURN 1; -- it's a body
END; $_$;
/* INSERT INTO server_events VALUES (1); */
COPY auth.users (id, email) FROM stdin;
1\tsomebody@example.org; COPY public.servers (id) FROM stdin;
\\.
`;

function copyDump(tables: Tables): string {
  const parts = Object.entries(tables).map(([table, rows]) => {
    const columns = columnsOf(rows);
    const lines = rows.map((row) => columns.map((column) => copyCell(copyTime(row[column]))).join("\t"));
    return `COPY public.${table} (${columns.join(", ")}) FROM stdin;\n${[...lines, "\\.", "", ""].join("\n")}`;
  });
  return `${HEAD}${parts.join("\n")}\\unrestrict abc\n`;
}

const sqlCell = (value: string | null | undefined) => {
  if (value === null || value === undefined) return "NULL";
  if (value === "true" || value === "false" || /^-?\d+(\.\d+)?$/.test(value)) return value;
  const text = `'${value.replaceAll("'", "''")}'`;
  return value.startsWith("{") ? `${text}::"jsonb"` : text;
};

/** As `supabase db dump --data-only` writes them: many rows a statement, every name in quotation marks. */
function insertDump(tables: Tables): string {
  const parts = Object.entries(tables).map(([table, rows]) => {
    const columns = columnsOf(rows);
    const tuples = rows.map((row) => `\t(${columns.map((column) => sqlCell(row[column])).join(", ")})`);
    const names = columns.map((column) => `"${column}"`).join(", ");
    return `INSERT INTO "public"."${table}" (${names}) VALUES\n${tuples.join(",\n")};\n`;
  });
  return `${HEAD}${parts.join("\n")}`;
}

/** As `pg_dump --inserts`: one row a statement, and the columns stand in `CREATE TABLE` alone. */
function bareInsertDump(tables: Tables): string {
  const parts = Object.entries(tables).map(([table, rows]) => {
    const columns = columnsOf(rows).map(
      (column) => `    ${column} numeric(10,2) DEFAULT 'a,b'::text NOT NULL`,
    );
    const lines = rows.map(
      (row) => `INSERT INTO public.${table} VALUES (${Object.values(row).map(sqlCell).join(", ")});`,
    );
    const made = `CREATE TABLE public.${table} (\n${columns.join(",\n")},\n    CONSTRAINT c CHECK ((a > 0))\n);`;
    return `${made}\n${lines.join("\n")}\n`;
  });
  return `${HEAD}${parts.join("\n")}`;
}

/** Writes an export and returns its path. */
export const EXPORTS: Readonly<Record<string, (tables: Tables) => string>> = {
  "a folder of CSV files": (tables) => {
    const folder = join(temporaryFolder(), "export");
    mkdirSync(folder);
    for (const [table, rows] of Object.entries(tables))
      writeFileSync(join(folder, `${table}.csv`), csvOf(rows));
    writeFileSync(join(folder, "notes.txt"), "servers");
    return folder;
  },
  "CSV files as a host's page names them": (tables) => {
    const folder = join(temporaryFolder(), "export");
    mkdirSync(folder);
    for (const [table, rows] of Object.entries(tables)) {
      writeFileSync(join(folder, `${table}_rows (1).CSV`), `\ufeff${csvOf(rows, "\r\n")}`);
    }
    writeFileSync(join(folder, "server_metrics_hourly.csv"), "id\n1\n");
    return folder;
  },
  "a dump with COPY": (tables) => written("dump.sql", copyDump(tables)),
  "a dump of many rows a statement": (tables) => written("data.sql", insertDump(tables)),
  "a dump of one row a statement": (tables) => written("inserts.sql", bareInsertDump(tables)),
};

function written(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

export const SERVER_KEY = "plain-text-key-of-weather-0001";
export const WEBHOOK_SECRET = "plain-text-secret-of-weather-1";
export const KEYLESS = "3f0a1c1e-0000-4000-8000-000000000002";
export const SIGNED = "3f0a1c1e-0000-4000-8000-000000000001";

const DAY_MS = 86_400_000;
/** `days` before today at that hour, as PostgreSQL prints a time. */
export const timeAgo = (days: number, hour: number) =>
  `${new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - days * DAY_MS + hour * 3_600_000)
    .toISOString()
    .replace("T", " ")
    .replace(".000Z", "+00")}`;
export const dateAgo = (days: number) => timeAgo(days, 0).slice(0, 10);

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** Two servers; metrics of three days, of which the oldest is known by its daily row better than by its points. */
export function directoryTables(): Tables {
  const point = (number: number, name: string, type: string, value: string, recorded: string) => ({
    id: id(number),
    server_id: SIGNED,
    metric_name: name,
    metric_value: value,
    metric_type: type,
    metric_tags: number % 2 === 0 ? '{"endpoint": "it\'s \\"quoted\\"\\n, twice"}' : "{}",
    recorded_at: recorded,
    created_at: recorded,
  });
  const daily = (number: number, days: number, sums: readonly [string, string, string, string, string]) => ({
    id: id(number),
    server_id: SIGNED,
    metric_name: "response_time",
    metric_type: "gauge",
    metric_date: dateAgo(days),
    min_value: sums[0],
    max_value: sums[1],
    avg_value: sums[2],
    sum_value: sums[3],
    count_value: sums[4],
    created_at: timeAgo(days - 1, 1),
  });
  return {
    // As pg_dump orders them: servers come last.
    server_events: [
      {
        id: id(1),
        server_id: SIGNED,
        event_type: "version_change",
        previous_value: "1.0",
        new_value: "1.1",
        details: '{"by": "10.1.2.3"}',
        created_at: timeAgo(2, 5),
      },
      {
        id: id(2),
        server_id: SIGNED,
        event_type: "party",
        previous_value: null,
        new_value: null,
        details: null,
        created_at: timeAgo(2, 5),
      },
    ],
    server_metrics: [
      point(10, "response_time", "gauge", "100", timeAgo(2, 10)),
      point(11, "response_time", "gauge", "300", timeAgo(2, 11)),
      point(12, "response_time", "gauge", "40.5", timeAgo(1, 1)),
      point(13, "api_requests", "count", "7", timeAgo(1, 1)),
      point(14, "health_check", "gauge", "0", timeAgo(1, 2)),
      point(15, "response_time", "surprise", "1", timeAgo(1, 2)),
      point(16, "response_time", "gauge", "NaN", timeAgo(1, 2)),
    ],
    server_metrics_daily: [
      daily(20, 400, ["5", "50", "20", "200", "10"]),
      daily(21, 2, ["90", "400", "200", "800", "4"]),
      daily(22, 1, ["40.5", "40.5", "40.5", "40.5", "1"]),
    ],
    server_usage: [
      {
        id: id(30),
        server_id: SIGNED,
        user_id: "user-4711",
        action: "view",
        tool_id: null,
        details: '{"who": "user-4711"}',
        client_info: '{"ip": "192.168.7.9", "userAgent": "Mozilla/5.0"}',
        created_at: timeAgo(1, 3),
      },
      {
        id: id(31),
        server_id: KEYLESS,
        user_id: null,
        action: "install",
        tool_id: "t-1",
        details: "{}",
        client_info: "{}",
        created_at: timeAgo(1, 3),
      },
      {
        id: id(32),
        server_id: KEYLESS,
        user_id: null,
        action: "steal",
        tool_id: null,
        details: null,
        client_info: null,
        created_at: timeAgo(1, 3),
      },
    ],
    servers: [
      {
        id: SIGNED,
        name: 'Weather, "wet" & it\'s\twindy',
        description: "two\nlines",
        api_key: SERVER_KEY,
        webhook_url: "https://weather.example/hook",
        webhook_secret: WEBHOOK_SECRET,
        metrics_enabled: "true",
        metrics_last_received: timeAgo(1, 2),
        created_at: "2025-06-02 14:30:00.123456+00",
      },
      {
        id: KEYLESS,
        name: "Keyless",
        description: null,
        api_key: null,
        webhook_url: null,
        webhook_secret: "short",
        metrics_enabled: "false",
        metrics_last_received: null,
        created_at: "2025-06-03 00:00:00+00",
      },
    ],
  };
}
