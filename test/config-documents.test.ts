import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configurationTable } from "../src/config/describe.ts";
import { allSettings } from "../src/config/settings.ts";
import { LOG_LEVELS } from "../src/lib/logger.ts";

const README = new URL("../README.md", import.meta.url);
const EXAMPLE = new URL("../.env.example", import.meta.url);

test("every default is a value of its own setting, and no name stands twice", () => {
  const names = allSettings().map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, kind, default: byDefault } of allSettings()) {
    assert.ok(byDefault === "" || kind.parse(byDefault) !== undefined, name);
  }
});

test(".env.example has every setting once, commented out, with its default, and nothing else", () => {
  const lines = readFileSync(EXAMPLE, "utf8").split("\n");
  const assignments = lines.filter((line) => /^#? ?[A-Z_]+=/.test(line));
  const expected = allSettings().map(({ name, default: byDefault }) => `# ${name}=${byDefault}`);
  assert.equal(assignments.toSorted(), [...expected, "# METRICS_API_KEY_AUTH="].toSorted());
  assert.ok(lines.every((line) => line === "" || line.startsWith("#")));
});

test("the table has a row of four cells for every setting", () => {
  const rows = configurationTable().split("\n");
  assert.is(rows.length, allSettings().length + 3);
  for (const row of rows) assert.is(row.split(/(?<!\\)\|/).length, 6, row);
});

test("README has the table of the settings as they are", () => {
  if (!existsSync(README)) return;
  const [, table] = readFileSync(README, "utf8").split(/<!-- \/?configuration -->/);
  assert.is(table?.trim(), configurationTable());
});

test("LOG_LEVEL takes the levels that the logger has", () => {
  const level = allSettings().find(({ name }) => name === "LOG_LEVEL");
  assert.equal(
    LOG_LEVELS.map((word) => level?.kind.parse(word)),
    [...LOG_LEVELS],
  );
});

test.run();
