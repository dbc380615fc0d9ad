/** Emitters written for the predecessor, byte for byte as they write: they must work unchanged. */
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openRows } from "./support/rows.ts";
import { startTestService, type TestService, WRITER_KEY } from "./support/service.ts";

const NGINX_METRICS_MAX = 1024;

async function setup(env: Readonly<Record<string, string>> = {}) {
  const service = await startTestService(env);
  const rows = openRows(service.databasePath);
  return {
    service,
    rows,
    async close() {
      rows.close();
      await service.close();
    },
  };
}

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
  const { service, rows, close } = await setup();
  const failed = { ...GATEWAY_METRIC, dimensions: { ...GATEWAY_METRIC.dimensions, success: "false" } };
  const before = Date.now();
  assert.is(await emitRaw(service, [GATEWAY_METRIC, failed]), "HTTP/1.1 200 OK");
  const found = rows.all("SELECT * FROM tool_metrics ORDER BY id");
  assert.equal(
    found.map((row) => Object.fromEntries(Object.keys(GATEWAY_ROW).map((name) => [name, row[name]]))),
    [GATEWAY_ROW, { ...GATEWAY_ROW, success: 0 }],
  );
  for (const { timestamp } of found) {
    const ms = Date.parse(String(timestamp));
    assert.ok(ms >= before && ms <= Date.now(), "without a timestamp it is the time of receipt");
  }
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
  const { service, rows, close } = await setup({ MAX_METRICS_PER_REQUEST: String(NGINX_METRICS_MAX) });
  const metrics = Array(NGINX_METRICS_MAX).fill(GATEWAY_METRIC);
  assert.is(await emitRaw(service, metrics), "HTTP/1.1 200 OK");
  assert.is(rows.all("SELECT count(*) AS n FROM tool_metrics WHERE success = 1")[0]?.n, NGINX_METRICS_MAX);
  await close();
});

test("a gateway that sends more than the limit learns it from the first line", async () => {
  const { service, close } = await setup();
  assert.is(await emitRaw(service, Array(101).fill(GATEWAY_METRIC)), "HTTP/1.1 422 Unprocessable Entity");
  await close();
});

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

test.run();
