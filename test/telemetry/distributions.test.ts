import { test } from "uvu";
import * as assert from "uvu/assert";
import { measure, open } from "./open-telemetry.ts";
import { only } from "./scrape.ts";

const SENDER = { service: "gateway", instanceId: "" };

test("a measurement that stands for several counts as many, each in the bucket it belongs to", async () => {
  const telemetry = open({ naming: "both" });
  const dimensions = { success: true, method: "tools/call", tool_name: "search" };
  const distribution = { count: 5, min: 5, max: 20_000, values: [5, 7, 20_000], counts: [2, 2, 1] };
  const tools = measure({ type: "tool_execution", dimensions, value: 5, durationMs: 20_024 });
  telemetry.recorder.record(SENDER, [{ ...tools, distribution }]);
  const samples = await telemetry.scrape();
  assert.is(only(samples, "mcp_tool_executions_total"), 5);
  for (const name of ["mcp_tool_execution_duration_seconds", "mcp_server_operation_duration_seconds"]) {
    assert.is(only(samples, `${name}_count`), 5, name);
    assert.is(only(samples, `${name}_sum`), 20.024, name);
    assert.is(only(samples, `${name}_bucket`, { le: "0.01" }), 4, name);
    assert.is(only(samples, `${name}_bucket`, { le: "10" }), 4, name);
    assert.is(only(samples, `${name}_bucket`, { le: "30" }), 5, name);
  }
  assert.is(only(samples, "mcp_tool_execution_duration_seconds_bucket", { le: "0.005" }), 2);
  assert.is(only(samples, "metrics_processed_total"), 5);
  await telemetry.shutdown();
});

test("values without durations are added up, and feed no histogram of durations", async () => {
  const telemetry = open();
  const distribution = { count: 3, min: 1, max: 8, values: [1, 8], counts: [1, 2] };
  const sizes = measure({ type: "custom", dimensions: { metric_name: "size" }, value: 17 });
  telemetry.recorder.record(SENDER, [{ ...sizes, distribution }]);
  assert.is(only(await telemetry.scrape(), "mcp_custom_metrics_total"), 17);
  await telemetry.shutdown();
});

test.run();
