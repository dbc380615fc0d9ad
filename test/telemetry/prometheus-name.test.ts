import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { toPrometheusName } from "../../src/telemetry/exposition/prometheus-name.ts";

const CASES = [
  { name: "mcp.server.operation.duration", unit: "s", is: "mcp_server_operation_duration_seconds" },
  { name: "a.size", unit: "By", is: "a_size_bytes" },
  { name: "a.size.bytes", unit: "By", is: "a_size_bytes" },
  { name: "a.count", unit: "1", is: "a_count" },
  { name: "a..b-c", unit: "{call}", is: "a_b_c" },
];

for (const { name, unit, is } of CASES) {
  test(`${name} in ${unit} is ${is}`, () => {
    assert.is(toPrometheusName({ name, unit }), is);
  });
}

test("names that the catalogue has in full stay as they are", () => {
  for (const { instruments } of METRIC_TYPES) {
    for (const instrument of instruments) assert.is(toPrometheusName(instrument), instrument.name);
  }
});

test.run();
