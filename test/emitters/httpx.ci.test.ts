/** httpx itself, which the emitters in Python use. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pythonTests, runPython } from "../support/python.ts";
import { WRITER_KEY } from "../support/service.ts";
import { only, select } from "../telemetry/scrape.ts";
import { columns, setup } from "./scraped-service.ts";

const pythonTest = await pythonTests(test);

interface Emitted {
  readonly sent: readonly { readonly metrics: readonly { readonly timestamp: string }[] }[];
  readonly answers: readonly Readonly<Record<string, unknown>>[];
}

/** Python leaves out a fraction that is zero. */
function toStored(naive: string): string {
  return `${(naive.includes(".") ? naive : `${naive}.000000`).slice(0, 23)}Z`;
}

const SOURCES = [
  { service: "auth-server", service_version: "1.0.0", instance_id: null, metric_type: "auth_request" },
  { service: "mcpgw", service_version: "1.0.0", instance_id: "mcpgw-01", metric_type: "tool_execution" },
  { service: "registry", service_version: null, instance_id: null, metric_type: "tool_discovery" },
  { service: "registry", service_version: null, instance_id: null, metric_type: "tool_execution" },
];
const TOOL = {
  tool_name: "search",
  server_name: "github",
  server_path: null,
  client_name: "claude",
  method: "tools/call",
  success: 0,
  error_code: "timeout",
  input_size_bytes: 100,
  output_size_bytes: null,
  duration_ms: null,
};

pythonTest("httpx itself is answered 200, and its metrics are in SQL and in the scrape", async (python) => {
  const { service, rows, scrape, close } = await setup();
  const { sent, answers }: Emitted = await runPython(python, "httpx_emitter.py", service.url, WRITER_KEY);
  for (const [index, { request_id: _, ...answer }] of answers.entries()) {
    const accepted = sent[index]?.metrics.length;
    assert.equal(answer, { status: "success", accepted, rejected: 0, errors: [], http_status: 200 });
  }
  // Three requests at once may be stored in any order.
  const found = rows.all("SELECT * FROM metrics ORDER BY service, metric_type");
  assert.equal(
    found.map((row) => columns(row, SOURCES[0] ?? {})),
    SOURCES,
  );
  const times = sent.flatMap(({ metrics }) => metrics.map(({ timestamp }) => toStored(timestamp)));
  assert.equal(found.map(({ timestamp }) => timestamp).sort(), times.sort(), "no zone means UTC");
  for (const row of rows.all("SELECT * FROM tool_metrics")) assert.equal(columns(row, TOOL), TOOL);
  const [search] = rows.all(
    "SELECT query, results_count, top_n_tools, faiss_search_time_ms FROM discovery_metrics",
  );
  assert.is(search?.query, "天気");
  assert.is(search?.faiss_search_time_ms, null);

  const samples = await scrape();
  const [login] = select(samples, "mcp_auth_requests_total");
  const labels = { service: "auth-server", metric_type: "auth_request", success: "true", method: "jwt" };
  assert.equal(login?.labels, { ...labels, server: "mcpgw" });
  for (const sender of ["mcpgw", "registry"]) {
    assert.is(only(samples, "mcp_tool_executions_total", { service: sender, success: "false" }), 1);
    assert.is(only(samples, "mcp_tool_input_bytes_sum", { service: sender }), 100);
  }
  assert.is(only(samples, "mcp_tool_discovery_embedding_seconds_sum"), 0.0015);
  await close();
});

test.run();
