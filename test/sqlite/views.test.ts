import { test } from "uvu";
import * as assert from "uvu/assert";
import { roundTrip } from "./submitter.ts";

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

for (const [view, { type, dimensions, metadata }] of Object.entries(FIELDS)) {
  const fill = (names: readonly string[], value: unknown) =>
    Object.fromEntries(names.map((name) => [name, value]));
  const filled = (value: unknown) => ({
    type,
    dimensions: fill(dimensions, value),
    metadata: fill(metadata, value),
  });
  const columns = [...dimensions, ...metadata];

  test(`${view}: every column shows what was sent`, () => {
    for (const value of ["x", "tröt 🚀", "'; DROP TABLE measurements; --", 7, 2.5]) {
      const row = roundTrip(view, filled(value));
      for (const column of columns) assert.equal(row[column], value, column);
    }
  });

  test(`${view}: an empty string, null and absence are NULL in every column`, () => {
    for (const metric of [filled(""), filled(null), { type }]) {
      const row = roundTrip(view, metric);
      for (const column of columns) assert.is(row[column], null, column);
    }
  });
}

test("the search time has two names, whichever was sent", () => {
  for (const name of ["faiss_search_time_ms", "vector_search_time_ms"]) {
    const row = roundTrip("discovery_metrics", { type: "tool_discovery", metadata: { [name]: 12.5 } });
    assert.equal([row.faiss_search_time_ms, row.vector_search_time_ms], [12.5, 12.5]);
  }
});

test.run();
