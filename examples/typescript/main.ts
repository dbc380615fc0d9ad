/** Submits metrics of which one is bad, repeats the call safely, and reads back what was stored. */
import { randomUUID } from "node:crypto";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../gen/mcp/metrics/v1/query_service_pb.js";

const { METRICS_URL = "http://localhost:8890", METRICS_API_KEY = "" } = process.env;

const transport = createConnectTransport({
  baseUrl: METRICS_URL,
  httpVersion: "2",
  interceptors: [
    (next) => (call) => {
      call.header.set("x-api-key", METRICS_API_KEY);
      return next(call);
    },
  ],
});
const metrics = createClient(MetricsService, transport);
const query = createClient(QueryService, transport);

/** A call of a tool. Dimensions are google.protobuf.Value, of which each says its kind. */
const call = (tool: string, success: boolean, durationMs: number, value?: number) => ({
  type: "tool_execution",
  ...(value !== undefined && { value }),
  durationMs,
  dimensions: {
    tool_name: { kind: { case: "stringValue" as const, value: tool } },
    success: { kind: { case: "boolValue" as const, value: success } },
  },
});

async function main() {
  // The key belongs to a service, and metrics are written in its name.
  const { service } = await metrics.rateLimitStatus({});
  const submission = {
    service,
    version: "1.0.0",
    metrics: [call("search", true, 45.2, 1), call("fetch", false, 120, 1), call("without a value", true, 1)],
    // Makes the call safe to repeat, however the first one ended.
    idempotencyKey: randomUUID(),
  };

  const first = await metrics.submit(submission, { timeoutMs: 5000 });
  console.log(`stored ${first.accepted}, refused ${first.rejected} (${first.requestId})`);
  for (const { index, field, message } of first.rejections) {
    console.log(`  metrics[${index}].${field}: ${message}`);
  }

  const again = await metrics.submit(submission, { timeoutMs: 5000 });
  console.log(`repeated: ${again.duplicate ? "the answer of before, nothing stored twice" : "stored anew"}`);

  const { rows } = await query.topValues({
    dimension: "tool",
    types: ["tool_execution"],
    statistics: ["error_rate", "p95"],
  });
  console.log("read back:");
  for (const { value, statistics } of rows) {
    console.log(`  ${value}: ${statistics.count} calls, error rate ${statistics.error_rate}`);
  }
}

try {
  await main();
} catch (error) {
  const { code, rawMessage } = ConnectError.from(error);
  console.error(`failed: ${Code[code]}: ${rawMessage}`);
  process.exitCode = 1;
}
