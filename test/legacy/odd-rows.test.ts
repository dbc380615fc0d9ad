import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { freshTarget, importFile } from "./imports.ts";
import { createPredecessor } from "./predecessor.ts";

/** Rows that are odd in one way: what becomes of them. Columns in the order of `ODD_COLUMNS`. */
const ODD_COLUMNS =
  "request_id, service, metric_type, timestamp, value, duration_ms, dimensions, metadata, created_at";
const GOOD = { service: "s", type: "custom", time: "2024-05-01T10:00:00", value: "1", duration: "NULL" };
const ODD: readonly {
  readonly name: string;
  readonly row: Partial<typeof GOOD> & { readonly dimensions?: string; readonly metadata?: string };
  readonly skipped?: string;
  readonly leftOut?: string;
  readonly stored?: Readonly<Record<string, unknown>>;
}[] = [
  { name: "an unknown type", row: { type: "surprise" }, skipped: "type: unknown_type" },
  { name: "no service", row: { service: "" }, skipped: "service: required" },
  { name: "a time that is none", row: { time: "yesterday" }, skipped: "timestamp: invalid" },
  { name: "an infinite value", row: { value: "9e999" }, skipped: "value: infinite" },
  { name: "text as value", row: { value: "'much'" }, skipped: "value: not_numeric" },
  { name: "a value beyond all limits", row: { value: "1e13" }, skipped: "value: out_of_range" },
  { name: "a number written as text", row: { value: "'7'" }, stored: { value: 7 } },
  {
    name: "an epoch number as time",
    row: { time: "1714557600" },
    stored: { timestamp: "2024-05-01T10:00:00.000Z" },
  },
  {
    name: "an offset",
    row: { time: "2024-05-01T10:00:00-02:00" },
    stored: { timestamp: "2024-05-01T12:00:00.000Z" },
  },
  {
    name: "no time: when it was stored",
    row: { time: "" },
    stored: { timestamp: "2024-05-02T00:00:00.000Z" },
  },
  {
    name: "a negative duration",
    row: { duration: "-5" },
    leftOut: "duration_ms: negative",
    stored: { duration_ms: null },
  },
  {
    name: "a service name with other characters",
    row: { service: "my.service é" },
    leftOut: "service: characters replaced by _",
    stored: { service: "my_service__" },
  },
  {
    name: "dimensions that are no JSON",
    row: { dimensions: "{'a': 1}" },
    leftOut: "dimensions: not_json",
    stored: { dimensions: {} },
  },
  {
    name: "a list of dimensions",
    row: { dimensions: "[1]" },
    leftOut: "dimensions: not_an_object",
    stored: { dimensions: {} },
  },
  {
    name: "a nested dimension",
    row: { dimensions: '{"a": {"b": [1]}}' },
    leftOut: "dimensions: nested, kept as JSON text",
    stored: { dimensions: { a: '{"b":[1]}' } },
  },
  {
    name: "Python's NaN",
    row: { dimensions: '{"a": NaN, "NaN": -Infinity, "b": "NaN \\" Infinity"}' },
    leftOut: "dimensions: NaN or Infinity, now null",
    stored: { dimensions: { a: null, NaN: null, b: 'NaN " Infinity' } },
  },
  {
    name: "one dimension that is too long among others",
    row: { dimensions: `{"long": "${"x".repeat(201)}", "ok": 1}` },
    leftOut: "dimensions: value_too_long",
    stored: { dimensions: { ok: 1 } },
  },
  {
    name: "nested metadata, which stays",
    row: { metadata: '{"deep": {"x": [1, null]}}' },
    stored: { metadata: { deep: { x: [1, null] } } },
  },
  {
    name: "half a surrogate pair",
    row: { metadata: '{"t": "\\ud83d"}' },
    stored: { metadata: { t: "\ufffd" } },
  },
  {
    name: "the spelling of Python",
    row: { dimensions: '{"success": "True"}' },
    stored: { dimensions: { success: "True" } },
  },
];

test("odd rows give what can be had of them; what is skipped or left out is counted by its reason", async () => {
  const path = join(temporaryFolder(), "old.db");
  const old = createPredecessor(path);
  const quote = (text: string | undefined) =>
    text === undefined ? "NULL" : `'${text.replaceAll("'", "''")}'`;
  for (const [index, { row }] of ODD.entries()) {
    const { service, type, time, value, duration, dimensions, metadata } = {
      ...GOOD,
      ...row,
    } as (typeof ODD)[0]["row"];
    old.exec(`INSERT INTO metrics (${ODD_COLUMNS}) VALUES ('r${index}', ${quote(service)}, '${type}', ${quote(time)},
      ${value}, ${duration}, ${quote(dimensions)}, ${quote(metadata)}, '2024-05-02 00:00:00')`);
  }
  // Not even UTF-8: no client can send it, a damaged file can hold it.
  old.exec(`INSERT INTO metrics (${ODD_COLUMNS}) VALUES ('r', 's', CAST(x'ff80' AS TEXT), '2024-05-01T10:00:00', 1, 1,
    CAST(x'7b22ff' AS TEXT), NULL, NULL)`);
  const { env, target } = freshTarget();
  const { metrics } = await importFile(path, env);
  const countsOf = (reasons: readonly (string | undefined)[]) => {
    const counts: Record<string, number> = {};
    for (const reason of reasons) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
    return counts;
  };
  const skipped = [...ODD.map((odd) => odd.skipped), "type: unknown_type"];
  assert.equal(metrics.skipped_by_reason, countsOf(skipped));
  assert.equal(metrics.left_out_by_reason, countsOf(ODD.map((odd) => odd.leftOut)));
  const kept = ODD.filter((odd) => odd.skipped === undefined);
  assert.equal([metrics.imported, metrics.skipped], [kept.length, ODD.length + 1 - kept.length]);
  readDatabase(target, (database) => {
    const found = database.all("SELECT * FROM metrics ORDER BY id");
    for (const [index, { name, stored = {} }] of kept.entries()) {
      const row = { ...found[index] } as Record<string, unknown>;
      for (const column of ["dimensions", "metadata"]) row[column] = JSON.parse(String(row[column]));
      for (const [column, value] of Object.entries(stored))
        assert.equal(row[column], value, `${name}: ${column}`);
    }
  });
  old.close();
});

test.run();
