import { test } from "uvu";
import * as assert from "uvu/assert";
import { roundTrip, within } from "./submitter.ts";

const SUCCESS: readonly (readonly [unknown, number | null])[] = [
  [true, 1],
  ["true", 1],
  ["True", 1],
  ["TRUE", 1],
  [1, 1],
  ["1", 1],
  [false, 0],
  ["false", 0],
  ["False", 0],
  [0, 0],
  ["0", 0],
  ["", null],
  [null, null],
  ["maybe", null],
  [2, null],
  [undefined, null],
];

for (const [view, type] of [
  ["auth_metrics", "auth_request"],
  ["tool_metrics", "tool_execution"],
] as const) {
  for (const [sent, stored] of SUCCESS) {
    test(`${view}: success ${JSON.stringify(sent)} is stored as ${stored}`, () => {
      const dimensions = sent === undefined ? {} : { success: sent };
      assert.is(roundTrip(view, { type, dimensions }).success, stored);
    });
  }
}

const FIELDS: Readonly<
  Record<string, { type: string; dimensions: readonly string[]; metadata: readonly string[] }>
> = {
  auth_metrics: {
    type: "auth_request",
    dimensions: ["method", "server", "user_hash"],
    metadata: ["error_code"],
  },
  discovery_metrics: {
    type: "tool_discovery",
    dimensions: ["query", "results_count", "top_k_services", "top_n_tools"],
    metadata: ["embedding_time_ms", "faiss_search_time_ms"],
  },
  tool_metrics: {
    type: "tool_execution",
    dimensions: [
      "tool_name",
      "server_path",
      "server_name",
      "client_name",
      "client_version",
      "method",
      "user_hash",
    ],
    metadata: ["error_code", "input_size_bytes", "output_size_bytes"],
  },
};

/** Columns of numbers; all others are of text. */
const NUMBERS = new Set([
  "results_count",
  "top_k_services",
  "top_n_tools",
  "embedding_time_ms",
  "faiss_search_time_ms",
  "input_size_bytes",
  "output_size_bytes",
]);

const TEXTS: readonly (readonly [unknown, string | null])[] = [
  ["x", "x"],
  ["tröt 🚀", "tröt 🚀"],
  ["'; DROP TABLE measurements; --", "'; DROP TABLE measurements; --"],
  ["null", "null"],
  ["[1]", "[1]"],
  [" ", " "],
  [7, "7"],
  [2.5, "2.5"],
  [0.1 + 0.2, "0.30000000000000004"],
  [1e21, "1e+21"],
  [-0, "0"],
  [true, "true"],
  [false, "false"],
];

const AS_NUMBERS: readonly (readonly [unknown, number | null])[] = [
  [7, 7],
  [2.5, 2.5],
  [-3, -3],
  [0, 0],
  ["2", 2],
  ["10", 10],
  ["2.50", 2.5],
  ["-3", -3],
  ["0", 0],
  ["1e3", 1000],
  [" 5 ", 5],
  ["1e-05", 0.00001],
  ["", null],
  [" ", null],
  ["x", null],
  ["2x", null],
  ["1,5", null],
  ["NaN", null],
  ["Infinity", null],
  ["null", null],
  ["true", null],
  ['"2"', null],
  ["[2]", null],
  ["{}", null],
  [true, null],
  [false, null],
  [null, null],
];

for (const [view, { type, dimensions, metadata }] of Object.entries(FIELDS)) {
  const fill = (names: readonly string[], value: unknown) =>
    Object.fromEntries(names.map((name) => [name, value]));
  const filled = (value: unknown) => ({
    type,
    dimensions: fill(dimensions, value),
    metadata: fill(metadata, value),
  });
  const columns = [...dimensions, ...metadata];

  const numbers = columns.filter((name) => NUMBERS.has(name));
  const texts = columns.filter((name) => !NUMBERS.has(name));

  test(`${view}: columns of text show as text what was sent, spelt as queries spell it`, () => {
    for (const [value, shown] of TEXTS) {
      const row = roundTrip(view, filled(value));
      for (const column of texts) {
        assert.is(row[column], shown, `${column} of ${JSON.stringify(value)}`);
      }
    }
  });

  if (numbers.length > 0) {
    test(`${view}: columns of numbers show numbers, also those that were sent as text, and nothing else`, () => {
      for (const [value, shown] of AS_NUMBERS) {
        const row = roundTrip(view, filled(value));
        for (const column of numbers) assert.is(row[column], shown, `${column} of ${JSON.stringify(value)}`);
      }
    });
  }

  test(`${view}: an empty string, null and absence are NULL in every column`, () => {
    for (const metric of [filled(""), filled(null), { type }]) {
      const row = roundTrip(view, metric);
      for (const column of columns) assert.is(row[column], null, column);
    }
  });
}

test("a list or an object as a code is shown as its JSON, as a number it is none", () => {
  for (const value of [[1, 2], { code: 5 }, [], {}]) {
    const metadata = { error_code: value, input_size_bytes: value };
    const row = roundTrip("tool_metrics", { type: "tool_execution", metadata });
    assert.equal([row.error_code, row.input_size_bytes], [JSON.stringify(value), null]);
  }
});

test("columns of numbers compare and add up as numbers, whatever was sent", () => {
  within((database, { submit }) => {
    const metrics = ["2", 10, "30", "x", undefined].map((results_count) => ({
      type: "tool_discovery",
      value: 1,
      dimensions: { ...(results_count !== undefined && { results_count }) },
    }));
    submit({ metrics });
    const [row] = database.all(
      `SELECT count(*) FILTER (WHERE results_count > 5) AS many, sum(results_count) AS total,
         max(results_count) AS most FROM discovery_metrics`,
    );
    assert.equal([row?.many, row?.total, row?.most], [2, 42, 30]);
  });
});

test("the search time has two names, whichever was sent", () => {
  for (const name of ["faiss_search_time_ms", "vector_search_time_ms"]) {
    const row = roundTrip("discovery_metrics", { type: "tool_discovery", metadata: { [name]: 12.5 } });
    assert.equal([row.faiss_search_time_ms, row.vector_search_time_ms], [12.5, 12.5]);
  }
});

test.run();
