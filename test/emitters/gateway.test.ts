/** The emitter of the nginx gateway, byte for byte as its Lua module writes: it must work unchanged. */
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type TestService, WRITER_KEY } from "../support/service.ts";
import { only, select } from "../telemetry/scrape.ts";
import { columns, setup } from "./scraped-service.ts";

const NGINX_METRICS_MAX = 1024;

/** What the Lua module of the nginx gateway makes of one request: every value of a dimension is a string. */
const GATEWAY_METRIC = {
  type: "tool_execution",
  value: 1.0,
  duration_ms: 12.345,
  dimensions: {
    method: "tools/list",
    tool_name: "",
    server_name: "weather",
    server_path: "/weather/",
    client_name: "unknown",
    success: "true",
  },
  metadata: {},
};

const GATEWAY_ROW = {
  method: "tools/list",
  tool_name: null,
  server_name: "weather",
  server_path: "/weather/",
  client_name: "unknown",
  success: 1,
  duration_ms: 12.345,
  error_code: null,
};

const GATEWAY_LABELS = {
  service: "nginx-gateway",
  metric_type: "tool_execution",
  method: "tools/list",
  tool_name: "_unset",
  server_name: "weather",
  client_name: "unknown",
};

/** Write a request into a socket as the module does, read its first line and hang up. */
async function emitRaw({ service }: TestService, metrics: readonly object[]): Promise<string> {
  const body = JSON.stringify({ service: "nginx-gateway", version: "1.0.0", metrics });
  const socket = connect({ port: service.port, host: "127.0.0.1" });
  socket.setEncoding("latin1");
  socket.write(
    [
      "POST /metrics HTTP/1.1",
      "Host: metrics-service",
      "Content-Type: application/json",
      `X-API-Key: ${WRITER_KEY}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
  let text = "";
  while (!text.includes("\r\n")) text += (await once(socket, "data"))[0];
  socket.destroy();
  return text.slice(0, text.indexOf("\r\n"));
}

test("the nginx gateway's raw socket gets the line it waits for, and its metrics are stored", async () => {
  const { service, rows, scrape, close } = await setup();
  const failed = { ...GATEWAY_METRIC, dimensions: { ...GATEWAY_METRIC.dimensions, success: "false" } };
  const before = Date.now();
  assert.is(await emitRaw(service, [GATEWAY_METRIC, failed]), "HTTP/1.1 200 OK");
  const found = rows.all("SELECT * FROM tool_metrics ORDER BY id");
  assert.equal(
    found.map((row) => columns(row, GATEWAY_ROW)),
    [GATEWAY_ROW, { ...GATEWAY_ROW, success: 0 }],
  );
  for (const { timestamp } of found) {
    const ms = Date.parse(String(timestamp));
    assert.ok(ms >= before && ms <= Date.now(), "without a timestamp it is the time of receipt");
  }
  const [stored] = rows.all("SELECT dimensions, metadata FROM metrics ORDER BY id");
  assert.equal(JSON.parse(String(stored?.dimensions)), GATEWAY_METRIC.dimensions);
  assert.equal(JSON.parse(String(stored?.metadata)), {});
  const samples = await scrape();
  const counters = select(samples, "mcp_tool_executions_total");
  assert.equal(
    counters.map(({ labels, value }) => ({ labels, value })),
    ["true", "false"].map((success) => ({ labels: { ...GATEWAY_LABELS, success }, value: 1 })),
  );
  const sum = only(samples, "mcp_tool_execution_duration_seconds_sum", { success: "true" });
  assert.ok(Math.abs(sum - 0.012345) < 1e-12);
  await close();
});

test("the gateway's connection is closed by the service once it is answered", async () => {
  const { service, close } = await setup();
  const socket = connect({ port: service.service.port, host: "127.0.0.1" });
  socket.write("GET /health HTTP/1.1\r\nHost: metrics-service\r\nConnection: close\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close/i);
  await close();
});

test("the gateway may send its whole buffer at once where the operator has raised the limit", async () => {
  const { service, rows, scrape, close } = await setup({
    MAX_METRICS_PER_REQUEST: String(NGINX_METRICS_MAX),
  });
  const metrics = Array(NGINX_METRICS_MAX).fill(GATEWAY_METRIC);
  assert.is(await emitRaw(service, metrics), "HTTP/1.1 200 OK");
  assert.is(rows.all("SELECT count(*) AS n FROM tool_metrics WHERE success = 1")[0]?.n, NGINX_METRICS_MAX);
  assert.is(only(await scrape(), "mcp_tool_executions_total"), NGINX_METRICS_MAX);
  await close();
});

test("of a gateway that sends more than the limit the first are stored, and the log names the setting", async () => {
  const { service, rows, close } = await setup();
  for (let times = 0; times < 3; times += 1)
    assert.is(await emitRaw(service, Array(NGINX_METRICS_MAX).fill(GATEWAY_METRIC)), "HTTP/1.1 200 OK");
  assert.is(rows.all("SELECT count(*) AS n FROM metrics")[0]?.n, 300);
  const warnings = service.logs.filter((line) => line.level === "WARN" && "reasons" in line);
  assert.is(warnings.length, 1);
  assert.equal(warnings[0]?.rejected, NGINX_METRICS_MAX - 100);
  assert.equal(warnings[0]?.reasons, [
    {
      reason: "metric.too_many",
      count: 1,
      example: `metrics[100]: Too many metrics in request: ${NGINX_METRICS_MAX}, max 100`,
      setting: "MAX_METRICS_PER_REQUEST",
    },
  ]);
  await close();
});

/** JSON-RPC asks for a string, a number or null; what else comes is kept as it came. */
const JSONRPC_IDS = [7, -1, 1.5, 2 ** 53, "7", "", "天気", null, true, [1, "a", null], { a: { b: 1 } }];

test("a request's id may be of any type of JSON, and is kept as that", async () => {
  const { service, rows, close } = await setup();
  const metrics = JSONRPC_IDS.map((id) => ({ ...GATEWAY_METRIC, metadata: { jsonrpc_id: id } }));
  assert.is(await emitRaw(service, metrics), "HTTP/1.1 200 OK");
  const found = rows.all("SELECT metadata FROM metrics ORDER BY id");
  assert.equal(
    found.map(({ metadata }) => JSON.parse(String(metadata)).jsonrpc_id),
    JSONRPC_IDS,
  );
  await close();
});

test.run();
