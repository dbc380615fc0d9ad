import { test } from "uvu";
import * as assert from "uvu/assert";
import { createPathTable } from "../../../src/transport/http/path-table.ts";

const { find } = createPathTable(
  new Map([
    ["/", "root"],
    ["/servers", "list"],
    ["/servers/all", "literal"],
    ["/servers/{id}", "last"],
    ["/servers/{id}/metrics", "middle"],
    ["/functions/v1/collect/{id}", "deep"],
  ]),
);

const cases = [
  { path: "/", entry: "root", parameter: "" },
  { path: "/servers", entry: "list", parameter: "" },
  { path: "/servers/all", entry: "literal", parameter: "" },
  { path: "/servers/7", entry: "last", parameter: "7" },
  { path: "/servers/all/metrics", entry: "middle", parameter: "all" },
  { path: "/servers/a%2Fb/metrics", entry: "middle", parameter: "a/b" },
  { path: "/functions/v1/collect/s%201", entry: "deep", parameter: "s 1" },
  { path: "/servers/{id}", entry: "last", parameter: "{id}" },
  { path: "/servers/", entry: "list", parameter: "" },
  { path: "/servers/all/", entry: "literal", parameter: "" },
  { path: "/servers/7/metrics/", entry: "middle", parameter: "7" },
  { path: "/servers//", entry: undefined },
  { path: "//", entry: undefined },
  { path: "/servers//metrics", entry: undefined },
  { path: "/servers/7/", entry: "last", parameter: "7" },
  { path: "/servers/7/metrics/more", entry: undefined },
  { path: "/servers/%zz", entry: undefined },
  { path: "/servers/%ff/metrics", entry: undefined },
  { path: "/".repeat(10_000), entry: undefined },
  { path: "", entry: undefined },
];

for (const { path, entry, parameter } of cases) {
  test(`${path.slice(0, 40)} is served by ${entry ?? "nobody"}`, () => {
    const found = find(path);
    assert.is(found?.entry, entry);
    if (entry !== undefined) assert.is(found?.parameter, parameter);
  });
}

test.run();
