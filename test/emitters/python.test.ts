/** Emitters in Python, which use httpx: they must work unchanged. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pythonTests, runPython } from "../support/python.ts";
import { WRITER_KEY } from "../support/service.ts";
import { only, select } from "../telemetry/support.ts";
import { columns, setup } from "./support.ts";

const pythonTest = await pythonTests(test);

/** `datetime.utcnow().isoformat()`: microseconds and no zone; without a fraction when it is zero. */
const NAIVE_TIMES = [
  { sent: "2025-03-15T12:00:00.123456", stored: "2025-03-15T12:00:00.123Z" },
  { sent: "2025-03-15T12:00:00", stored: "2025-03-15T12:00:00.000Z" },
  { sent: "2025-11-02T01:30:00.000001", stored: "2025-11-02T01:30:00.000Z" },
  { sent: "2025-03-09T02:30:00", stored: "2025-03-09T02:30:00.000Z" },
];

test("Python's naive timestamps mean UTC, also in hours that a local clock skips or repeats", async () => {
  const { service, rows, close } = await setup();
  // `model_dump()` writes every optional field, as null where it is not set.
  const metrics = NAIVE_TIMES.map(({ sent }) => ({
    type: "auth_request",
    value: 1.0,
    duration_ms: null,
    timestamp: sent,
    dimensions: { success: true, method: "jwt", server: "mcpgw", user_hash: null },
    metadata: { error_code: null, jsonrpc_id: [1, "a", null] },
  }));
  const answer = await fetch(`${service.url}/metrics`, {
    method: "POST",
    headers: {
      "X-API-Key": WRITER_KEY,
      "Content-Type": "application/json",
      Accept: "*/*",
      "User-Agent": "python-httpx/0.28.1",
    },
    body: JSON.stringify({ service: "auth-server", version: null, instance_id: null, metrics }),
  });
  const body = (await answer.json()) as { accepted: number; request_id: string };
  assert.is(answer.status, 200);
  assert.is(body.accepted, metrics.length);
  assert.equal(
    rows.all("SELECT timestamp FROM auth_metrics ORDER BY id").map(({ timestamp }) => timestamp),
    NAIVE_TIMES.map(({ stored }) => stored),
  );
  const [row] = rows.all("SELECT * FROM metrics ORDER BY id");
  assert.is(row?.instance_id, null);
  assert.is(row?.service_version, null);
  assert.is(row?.duration_ms, null);
  assert.equal(JSON.parse(String(row?.metadata)), { error_code: null, jsonrpc_id: [1, "a", null] });
  await close();
});

test("Python that answers only to 200 and reads accepted, rejected and errors is served", async () => {
  const { service, close } = await setup();
  for (const optional of [
    {},
    { timestamp: null },
    { metadata: null },
    { dimensions: null },
    { duration_ms: null },
  ]) {
    const answer = await fetch(`${service.url}/metrics`, {
      method: "POST",
      headers: { "X-API-Key": WRITER_KEY, "Content-Type": "application/json" },
      body: JSON.stringify({
        service: "registry",
        version: "1.0.0",
        instance_id: "registry-1",
        metrics: [{ type: "registry_operation", value: 1, ...optional }],
      }),
    });
    const { request_id, ...body } = (await answer.json()) as Record<string, unknown>;
    assert.match(String(request_id), /^req_[0-9a-f]{16}$/);
    assert.equal(body, { status: "success", accepted: 1, rejected: 0, errors: [] });
  }
  await close();
});

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
