import { test } from "uvu";
import * as assert from "uvu/assert";
import { listMetricTypes } from "../../src/api/query/metric-types.ts";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { dimensionNames, ownDimension } from "../../src/store/plan/dimension-names.ts";

test("every type of the catalogue is listed, in its order", () => {
  assert.equal(
    listMetricTypes().map(({ name }) => name),
    METRIC_TYPES.map(({ name }) => name),
  );
});

test("a type's dimensions are those that a query finds in it, each once", () => {
  for (const [at, type] of METRIC_TYPES.entries()) {
    const dimensions = listMetricTypes()[at]?.dimensions ?? [];
    const queried = dimensionNames([type]).filter((name) => ownDimension(type, name) !== undefined);
    assert.equal([...dimensions].sort(), [...queried].sort(), type.name);
  }
});

test.run();
