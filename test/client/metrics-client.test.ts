import { createConnectTransport } from "@connectrpc/connect-web";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MetricsClient } from "../../src/client/index.ts";
import { TestClock, turn } from "../support/time.ts";
import { eventually } from "../support/wait.ts";
import { closeAll, openClient, openProxy, startService } from "./client-and-service.ts";

test.after.each(closeAll);

const EMISSIONS: readonly {
  readonly emit: (client: MetricsClient) => void;
  readonly view: string;
  readonly row: Readonly<Record<string, unknown>>;
}[] = [
  {
    emit: (client) =>
      client.emitAuth({
        success: false,
        method: "oauth2",
        server: "github",
        userHash: "u1",
        errorCode: "expired",
        durationMs: 12.5,
      }),
    view: "auth_metrics",
    row: {
      success: 0,
      method: "oauth2",
      server: "github",
      user_hash: "u1",
      error_code: "expired",
      duration_ms: 12.5,
    },
  },
  {
    emit: (client) =>
      client.emitToolExecution({
        success: true,
        toolName: "search",
        serverName: "github",
        serverPath: "/github",
        method: "tools/call",
        clientName: "cli",
        clientVersion: "2.0",
        userHash: "u2",
        inputSizeBytes: 10,
        outputSizeBytes: 20,
        durationMs: 0,
      }),
    view: "tool_metrics",
    row: {
      success: 1,
      tool_name: "search",
      server_name: "github",
      server_path: "/github",
      method: "tools/call",
      client_name: "cli",
      client_version: "2.0",
      user_hash: "u2",
      input_size_bytes: 10,
      output_size_bytes: 20,
      duration_ms: 0,
    },
  },
  {
    emit: (client) =>
      client.emitToolDiscovery({
        query: "weather",
        resultsCount: 3,
        topKServices: 5,
        topNTools: 7,
        embeddingTimeMs: 1.5,
        vectorSearchTimeMs: 2.5,
      }),
    view: "discovery_metrics",
    row: {
      query: "weather",
      results_count: 3,
      top_k_services: 5,
      top_n_tools: 7,
      embedding_time_ms: 1.5,
      faiss_search_time_ms: 2.5,
    },
  },
  {
    emit: (client) =>
      client.emitRegistryOperation({ operation: "create", resourceType: "server", success: true }),
    view: "metrics",
    row: {
      metric_type: "registry_operation",
      dimensions: '{"operation":"create","resource_type":"server","success":true}',
    },
  },
  {
    emit: (client) => client.emitHealthCheck({ endpoint: "/health", healthy: true, statusCode: 200 }),
    view: "metrics",
    row: {
      metric_type: "health_check",
      dimensions: '{"endpoint":"/health","status_code":200,"healthy":true}',
    },
  },
  {
    emit: (client) =>
      client.emitProtocolLatency({ flowStep: "full_protocol_flow", seconds: 1.5, serverName: "a" }),
    view: "metrics",
    row: { metric_type: "protocol_latency", value: 1.5 },
  },
  {
    emit: (client) =>
      client.emitCustom({ name: "queue_depth", value: -3, metadata: { jsonrpc_id: [1, "a"] } }),
    view: "metrics",
    row: { metric_type: "custom", value: -3, metadata: '{"jsonrpc_id":"[1,\\"a\\"]"}' },
  },
];

for (const transport of ["connect", "grpc"] as const) {
  test(`every metric arrives with all it says, over ${transport}`, async () => {
    const service = await startService();
    const { client, problems } = openClient({
      url: service.url,
      transport,
      version: "1.2.3",
      instanceId: "i-1",
    });
    for (const { emit, view, row } of EMISSIONS) {
      emit(client);
      assert.is(await client.flush(), true);
      const [stored] = service.query(`SELECT * FROM ${view} ORDER BY id DESC LIMIT 1`);
      for (const [column, value] of Object.entries(row)) {
        const found = stored?.[column];
        if (column === "dimensions") assert.equal(JSON.parse(String(found)), JSON.parse(String(value)));
        else assert.equal(found, value, `${view}.${column}`);
      }
    }
    const [row] = service.rows();
    assert.equal([row?.service, row?.service_version, row?.instance_id], ["test", "1.2.3", "i-1"]);
    assert.equal(problems, []);
    assert.equal(client.counts, { emitted: 7, accepted: 7, rejected: 0, dropped: 0, waiting: 0, retries: 0 });
  });
}

test("a full batch is sent at once, the rest when the interval is over", async () => {
  const service = await startService();
  const clock = new TestClock(Date.now());
  const { client } = openClient({ url: service.url, clock, batchMetrics: 10, flushIntervalMs: 500 });
  for (let index = 0; index < 25; index += 1) client.emitCustom({ name: "n", value: index });
  clock.advance(0);
  await eventually(() => client.counts.accepted === 20);
  clock.advance(499);
  assert.is(client.counts.waiting, 5);
  clock.advance(1);
  await eventually(() => client.counts.accepted === 25);
  const requests = service.query("SELECT count(*) AS metrics FROM metrics GROUP BY request_id ORDER BY 1");
  assert.equal(
    requests.map(({ metrics }) => metrics),
    [5, 10, 10],
  );
});

test("what the service rejects of a batch is counted and reported, the rest is stored", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url });
  client.emitCustom({ name: "good", value: 1 });
  client.emit("nonsense");
  client.emitCustom({ name: "too large", value: 1e13 });
  await client.flush();
  assert.is(service.rows().length, 1);
  assert.is(client.counts.accepted, 1);
  assert.is(client.counts.rejected, 2);
  assert.is(problems.length, 1);
  assert.equal([problems[0]?.kind, problems[0]?.metrics], ["rejected", 2]);
  assert.match(problems[0]?.message ?? "", /metrics\[1\].*nonsense.*metrics\[2\].*out of range/s);
});

test("a batch of nothing but bad metrics says what is wrong with them", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url });
  client.emit("nonsense");
  await client.flush();
  assert.is(client.counts.rejected, 1);
  assert.is(problems[0]?.reason, "validation_failed");
  assert.match(problems[0]?.message ?? "", /nonsense/);
});

test("a wrong key is not tried again, and its reason is reported", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url, apiKey: "not-a-key-of-this-service" });
  client.emitCustom({ name: "n", value: 1 });
  assert.is(await client.flush(), true);
  assert.equal(
    problems.map(({ kind, reason }) => [kind, reason]),
    [["rejected", "api_key_invalid"]],
  );
  assert.is(client.counts.retries, 0);
});

test("a batch that is too large for the service is sent in halves", async () => {
  const service = await startService({ MAX_REQUEST_SIZE: "4KB" });
  const { client, problems } = openClient({ url: service.url });
  for (let index = 0; index < 20; index += 1) {
    client.emitCustom({ name: `n${index}`, value: index, metadata: { text: "x".repeat(600) } });
  }
  assert.is(await client.flush(), true);
  assert.equal(problems, []);
  const values = service.rows().map((row) => row.value);
  assert.equal(values.sort(), Array.from({ length: 20 }, (_, index) => index).sort());
});

test("a rate limit is waited out as long as the service asks, and costs nothing", async () => {
  const service = await startService({ METRICS_RATE_LIMIT: "60" });
  const clock = new TestClock(Date.now());
  let [begun, ended] = [0, 0];
  const transport = createConnectTransport({
    baseUrl: service.url,
    async fetch(...request) {
      begun += 1;
      const answer = await fetch(...request);
      ended += 1;
      return answer;
    },
  });
  const { client, problems } = openClient({ transport, clock, batchMetrics: 1 });
  for (let index = 0; index < 100; index += 1) client.emitCustom({ name: "n", value: index });
  clock.advance(0);
  await eventually(() => client.counts.retries > 0 && begun === ended);
  assert.is(problems[0]?.reason, "rate_limited");
  const before = begun;
  // The service never asks for less than a second.
  clock.advance(950);
  await turn();
  assert.is(begun, before);
  clock.advance(300);
  await eventually(() => begun > before);
  const { accepted, waiting, dropped, rejected } = client.counts;
  assert.equal([accepted + waiting, dropped, rejected], [100, 0, 0]);
});

test("close sends what waits, and drops and counts what comes later", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url });
  for (let index = 0; index < 250; index += 1) client.emitCustom({ name: "n", value: index });
  await client.close();
  client.emitCustom({ name: "late", value: 1 });
  await client.close();
  assert.is(service.rows().length, 250);
  assert.equal(client.counts, {
    emitted: 251,
    accepted: 250,
    rejected: 0,
    dropped: 1,
    waiting: 0,
    retries: 0,
  });
  assert.equal(problems, []);
});

test("close ends in time while the service does not answer, and counts what is lost", async () => {
  const service = await startService();
  const proxy = await openProxy(service.port);
  proxy.swallow();
  const { client, problems } = openClient({ url: proxy.url });
  for (let index = 0; index < 30; index += 1) client.emitCustom({ name: "n", value: index });
  await client.close({ timeoutMs: 50 });
  // The calls that were given up end only now, and count nothing a second time.
  await turn();
  assert.equal(client.counts, { emitted: 30, accepted: 0, rejected: 0, dropped: 30, waiting: 0, retries: 0 });
  assert.equal(
    problems.map(({ kind, reason, metrics }) => [kind, reason, metrics]),
    [["dropped", "closed", 30]],
  );
});

test.run();
