import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../src/sqlite/file/database.ts";
import { NOW_MS } from "../support/time.ts";
import { createSubmitter, within } from "./submitter.ts";

const named = (name: string, value = 1) => ({
  type: "custom",
  value,
  dimensions: { metric_name: name, other: name },
  metadata: { [`key_${name}`]: name },
});

/** Every row's facts must be its own: they are stored under numbers that could be mixed up. */
function assertConsistent(database: Database, rows: number): void {
  const sql = `SELECT count(*) AS found FROM metrics WHERE
    dimensions ->> '$.metric_name' = dimensions ->> '$.other'
    AND metadata ->> ('$.key_' || (dimensions ->> '$.metric_name')) = dimensions ->> '$.other'`;
  assert.is(database.first(sql)?.found, rows);
}

function rowsOf(database: Database): Record<string, unknown> {
  const counts = ["sources", "dimension_sets", "shapes"].map((table) => {
    return [table, database.first(`SELECT count(*) AS rows FROM ${table}`)?.rows];
  });
  return Object.fromEntries(counts);
}

test("equal facts are stored once, also after a restart", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: [named("a"), named("b"), named("a")] });
    createSubmitter(database).submit({ metrics: [named("b"), named("a")] });
    assertConsistent(database, 5);
    assert.equal(rowsOf(database), { sources: 1, dimension_sets: 2, shapes: 2 });
  });
});

test("what a rolled-back transaction would have added is added by the next one", () => {
  within((database, submitter) => {
    database.script(
      "CREATE TRIGGER full BEFORE INSERT ON measurements BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    assert.throws(() => submitter.submit({ metrics: [named("a")], version: "1.0.0" }), /full/);
    assert.equal(rowsOf(database), { sources: 0, dimension_sets: 0, shapes: 0 });
    // Other facts take the row ids that the rolled-back ones had.
    database.script("DROP TRIGGER full");
    submitter.submit({ metrics: [named("b")], service: "another" });
    submitter.submit({ metrics: [named("a"), named("b")], version: "1.0.0" });
    assertConsistent(database, 3);
    const services = database.all("SELECT service, service_version FROM metrics ORDER BY id");
    assert.equal(
      services.map((row) => [row.service, row.service_version]),
      [
        ["another", null],
        ["gateway", "1.0.0"],
        ["gateway", "1.0.0"],
      ],
    );
  });
});

test("more facts than are remembered are stored as truly as the first, empty batches in between or not", () => {
  within((database, submitter) => {
    let rows = 0;
    const submitRange = (from: number, to: number) => {
      for (let start = from; start < to; start += 2000) {
        const numbers = Array.from({ length: Math.min(2000, to - start) }, (_, index) => start + index);
        submitter.submit({ metrics: numbers.map((number) => named(`n${number}`)) });
        rows += numbers.length;
      }
    };
    // Each name is two facts, a dimension set and a shape; fewer than 10 000 facts of a key are remembered.
    submitRange(0, 26_000);
    // A flush without metrics: taken, and never handed to the writer.
    assert.is(submitter.builder.take().rowCount, 0);
    submitRange(10_000, 12_000);
    submitRange(0, 2000);
    assertConsistent(database, rows);
    assert.equal(rowsOf(database), { sources: 1, dimension_sets: 26_000, shapes: 26_000 });
  });
});

test("a flood of one key is bounded in bytes, and defines nothing of another key anew", () => {
  within((_, submitter) => {
    const { builder, store, toSubmission } = submitter;
    const from = (apiKeyId: number, metrics: readonly ReturnType<typeof named>[]) => {
      builder.add(toSubmission({ apiKeyId, metrics }));
      const batch = builder.take();
      store.commit(batch, NOW_MS);
      return batch;
    };
    const honest = Array.from({ length: 1000 }, (_, index) => named(`honest${index}`));
    assert.is(from(2, honest).definitions.length, 2001);
    const flooded = { definitions: 0, forgotten: 0 };
    for (let start = 0; start < 10_000; start += 1000) {
      const long = (index: number) => `${start + index}`.padEnd(200, "é");
      const metrics = Array.from({ length: 1000 }, (_, index) => ({
        ...named(`f${start + index}`),
        dimensions: { metric_name: long(index), other: "" },
      }));
      const { definitions, forgotten } = from(1, metrics);
      flooded.definitions += definitions.length;
      flooded.forgotten += forgotten.length;
      assert.ok(builder.rememberedBytes < 8_000_000, `${builder.rememberedBytes} bytes`);
      assert.ok(store.definitions < 12_000, `${store.definitions} definitions`);
      assert.equal(
        forgotten.filter((apiKeyId) => apiKeyId !== 1),
        [],
      );
    }
    assert.ok(flooded.forgotten > 1 && flooded.definitions >= 20_000);
    assert.is(from(2, honest).definitions.length, 0);
  });
});

test("a batch that refers to a fact that nobody defined is refused and leaves nothing", () => {
  within((database, submitter) => {
    submitter.builder.add(submitter.toSubmission({ metrics: [named("a")] }));
    const batch = { ...submitter.builder.take(), definitions: [] };
    assert.throws(() => submitter.store.commit(batch, 0), /no batch defined/);
    assert.is(database.all("SELECT * FROM measurements").length, 0);
  });
});

test("metadata keys are told apart, whatever stands in them", () => {
  const keySets = [["a\nb"], ["a", "b"], ["a\nb", "c"], ["a", "b\nc"], ['["a","b"]'], ["a,b"], ["\ta"]];
  const all = keySets.map((keys) => Object.fromEntries(keys.map((key) => [key, 1])));
  within((database, submitter) => {
    submitter.submit({ metrics: all.map((metadata) => ({ type: "custom", value: 1, metadata })) });
    const stored = database
      .all("SELECT metadata FROM metrics ORDER BY id")
      .map((row) => JSON.parse(String(row.metadata)));
    assert.equal(stored, all);
  });
});

test.run();
