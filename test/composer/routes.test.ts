import { suite } from "uvu";
import * as assert from "uvu/assert";
import { submitMetrics } from "../support/http.ts";
import { plainQuantile } from "../support/plain-quantile.ts";
import { ADMIN_KEY, startTestService, type TestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { parseScrape } from "../telemetry/scrape.ts";
import { FEED_CASES } from "./families.ts";
import { called, count, event, offer, requested, started, state, usage } from "./metrics.ts";
import { get } from "./requests.ts";
import { composerSamples, disagreements } from "./samples.ts";
import { createShiftedClock } from "./shifted-clock.ts";

interface Context {
  readonly service: TestService;
  readonly clock: ReturnType<typeof createShiftedClock>;
}

const test = suite<Context>("composer's routes");

test.before.each(async (context) => {
  const clock = createShiftedClock();
  const service = await startTestService({ METRICS_SERVICE_BINDING: "warn" }, clock);
  Object.assign(context, { clock, service });
});
test.after.each(({ service }) => service.close());

const KEYED = [
  "/api/v1/metrics/prometheus",
  "/api/v1/metrics",
  "/api/v1/status",
  "/api/v1/servers/a/metrics",
];
/** Who has a key sees with it what it may. */
const SCOPED = [...KEYED, "/api/v1/health/detailed"];

test("the routes want a key, and say so in the words of composers' clients", async ({ service }) => {
  for (const path of KEYED) {
    for (const [key, error, message] of [
      [undefined, "api_key_missing", "API key required in X-API-Key header"],
      [WRONG_KEY, "api_key_invalid", "Invalid API key"],
    ] as const) {
      const { status, headers, body: json } = await get(service, path, key);
      assert.is(status, 401, path);
      assert.is(headers.get("www-authenticate"), "Bearer");
      const request_id = headers.get("x-request-id");
      assert.equal(json, { detail: message, error, message, details: {}, request_id });
    }
  }
});

test("where nobody reported anything every figure is null, and nothing is made up", async ({
  service,
  clock,
}) => {
  const timestamp = new Date(clock.wallMs()).toISOString();
  const capabilities = { tools: null, prompts: null, resources: null };
  const servers = { total: null, running: null, stopped: null };
  const [metrics, status, health] = await Promise.all(
    ["metrics", "status", "health/detailed"].map((path) => get(service, `/api/v1/${path}`, WRITER_KEY)),
  );
  assert.equal(metrics?.body, {
    timestamp,
    uptime_seconds: null,
    servers,
    capabilities,
    requests: { total: null, successful: null, failed: null },
    performance: { avg_response_time_ms: null, p95_response_time_ms: null, p99_response_time_ms: null },
    resources: { memory_mb: null, cpu_percent: null },
    per_server: {},
  });
  assert.equal(status?.body, {
    status: "degraded",
    timestamp,
    servers: { ...servers, statuses: {} },
    capabilities,
    uptime_seconds: null,
  });
  assert.equal(health?.body, {
    status: "unhealthy",
    timestamp,
    version: null,
    servers: {},
    uptime_seconds: null,
    total_servers: null,
    running_servers: null,
    failed_servers: null,
  });
  const { status: code, body: json } = await get(service, "/api/v1/servers/x/metrics", WRITER_KEY);
  assert.equal([code, json.detail, json.error], [404, "Server 'x' not found", "not_found"]);
});

test("a composer's figures are those it reported, put together", async ({ service, clock }) => {
  await submitMetrics(service.url, [
    state("composer_info", 1, { version: "2.1.0", platform: "linux" }),
    state("composer_uptime", 500),
    ...[count("total", 3), count("running", 1), count("stopped", 1), count("failed", 1)],
    ...[offer("tools", 9), offer("prompts", 2), offer("resources", 0), offer("tools", 7, "a")],
    ...[usage("memory_mb", 120.5), usage("cpu_percent", 12), usage("memory_mb", 40, "a")],
    ...[started("a"), started("b"), started("c.d"), event("server_crash", "c.d")],
  ]);
  clock.advance(10_000);
  await submitMetrics(service.url, [
    event("server_stop", "b", { status: "success" }),
    event("server_stop", "a", { status: "failed" }),
    ...[called("a.search", 10), called("a.search", 30), called("a.fetch", undefined, "error")],
    ...[called("c.d.query", 100), called("other", 5, "success", { server_id: "a" })],
    ...[requested(200, 10), requested(204, 20), requested(404, 30), requested(503, 40)],
  ]);
  const { body: metrics } = await get(service, "/api/v1/metrics", WRITER_KEY);
  const a = {
    status: "running",
    uptime_seconds: 10,
    requests_total: 4,
    requests_failed: 1,
    requests_per_second: 4 / 3600,
    average_response_time_ms: 15,
    memory_usage_mb: 40,
    cpu_usage_percent: null,
  };
  assert.equal(
    { ...metrics, timestamp: 0, performance: 0, per_server: 0 },
    {
      timestamp: 0,
      uptime_seconds: 510,
      servers: { total: 3, running: 1, stopped: 1 },
      capabilities: { tools: 9, prompts: 2, resources: 0 },
      requests: { total: 4, successful: 3, failed: 1 },
      performance: 0,
      resources: { memory_mb: 120.5, cpu_percent: 12 },
      per_server: 0,
    },
  );
  const perServer = metrics.per_server as Record<string, Record<string, unknown>>;
  assert.equal(Object.keys(perServer), ["a", "b", "c.d"]);
  assert.equal(perServer.a, { ...a, capabilities: { tools: 7, prompts: null, resources: null } });
  assert.equal(perServer["c.d"]?.requests_total, 1, "a dot in a server's id is not the end of it");
  const { body: server } = await get(service, "/api/v1/servers/a/metrics", WRITER_KEY);
  assert.equal(server, { server_id: "a", ...a });
  const { body: status } = await get(service, "/api/v1/status", WRITER_KEY);
  assert.is(status?.status, "healthy", "one runs");
  assert.equal(status?.servers, {
    total: 3,
    running: 1,
    stopped: 1,
    statuses: { a: "running", b: "stopped", "c.d": "stopped" },
  });
  const { body: health } = await get(service, "/api/v1/health/detailed", WRITER_KEY);
  assert.equal(
    { ...health, timestamp: 0 },
    {
      status: "degraded",
      timestamp: 0,
      version: "2.1.0",
      servers: { a: "running", b: "stopped", "c.d": "failed" },
      uptime_seconds: 510,
      total_servers: 3,
      running_servers: 1,
      failed_servers: 1,
    },
  );
});

test("requests and percentiles agree with SQL, over an hour and over any other window", async ({
  service,
  clock,
}) => {
  const nowMs = clock.wallMs();
  const ages = [30_000, 50 * 60_000, 3 * 3_600_000, 40 * 3_600_000];
  for (const age of ages) {
    const metrics = Array.from({ length: 60 }, (_, index) =>
      requested(index % 10 === 0 ? 500 : 200, 1 + ((index * 37) % 60) + age / 60_000, nowMs - age),
    );
    await submitMetrics(service.url, metrics);
  }
  for (const [window, withinMs] of [
    ["", 3_600_000],
    ["?window=60", 60_000],
    ["?window=15m", 900_000],
    ["?window=6h", 6 * 3_600_000],
    ["?window=7d", 7 * 86_400_000],
  ] as const) {
    const { body: json } = await get(service, `/api/v1/metrics${window}`, WRITER_KEY);
    const since = new Date(nowMs - withinMs).toISOString();
    const rows = readRows(
      service.databasePath,
      `SELECT duration_ms AS ms, dimensions ->> '$.status_code' >= 500 AS failed FROM metrics
       WHERE metric_type = 'http_request' AND timestamp >= '${since}' ORDER BY duration_ms`,
    ).map(({ ms, failed }) => ({ ms: Number(ms), failed: Number(failed) }));
    const failed = rows.filter((row) => row.failed === 1).length;
    assert.equal(json.requests, { total: rows.length, successful: rows.length - failed, failed }, window);
    const average = rows.reduce((total, { ms }) => total + ms, 0) / rows.length;
    const at = (share: number) =>
      plainQuantile(
        rows.map(({ ms }) => ms),
        share,
      );
    const performance = json.performance as Record<string, number>;
    const expected = {
      avg_response_time_ms: average,
      p95_response_time_ms: at(0.95),
      p99_response_time_ms: at(0.99),
    };
    for (const [name, ms] of Object.entries(expected)) {
      const found = performance[name] ?? Number.NaN;
      assert.ok(Math.abs(found - ms) <= ms * 0.0101, `${window} ${name}: ${found}, not ${ms}`);
    }
  }
});

test("a server that offers nothing any more is unknown again; one that is in use runs", async ({
  service,
}) => {
  await submitMetrics(service.url, [offer("tools", 3, "a"), usage("memory_mb", 1, "b"), called("c.x", 1)]);
  const status = async (id: string) => {
    const { status: code, body: json } = await get(service, `/api/v1/servers/${id}/metrics`, WRITER_KEY);
    return json.status === undefined || code !== 200 ? code : json.status;
  };
  assert.equal(await Promise.all(["a", "b", "c"].map(status)), ["running", "running", "running"]);
  await submitMetrics(service.url, [offer("tools", 0, "a")]);
  assert.is(await status("a"), 404);
});

test("a writer's key sees its own service, others any or all", async ({ service }) => {
  await submitMetrics(service.url, [count("total", 2), started("a")]);
  await submitMetrics(service.url, [count("total", 3), started("z"), requested(200, 1)], {
    service: "another",
  });
  const totals = async (key: string, query = "") => {
    const { body: json } = await get(service, `/api/v1/metrics${query}`, key);
    const { servers, requests, per_server } = json as Record<string, Record<string, unknown>>;
    return [servers?.total, requests?.total, Object.keys(per_server ?? {}).join()];
  };
  assert.equal(await totals(WRITER_KEY), [2, null, "a"]);
  assert.equal(await totals(WRITER_KEY, "?service=test"), [2, null, "a"]);
  assert.equal(await totals(ADMIN_KEY), [5, 1, "a,z"]);
  assert.equal(await totals(ADMIN_KEY, "?service=another"), [3, 1, "z"]);
  for (const path of SCOPED) {
    for (const name of ["another", "nobody"]) {
      const { status, body: json } = await get(service, `${path}?service=${name}`, WRITER_KEY);
      assert.equal([status, json.error], [403, "service_not_allowed"], path);
    }
  }
  assert.is((await get(service, "/api/v1/servers/z/metrics", WRITER_KEY)).status, 404);
});

test("a window that is none is rejected, and says what one is", async ({ service }) => {
  for (const window of ["0", "-1h", "1w", "1.5h", "1096d", "99999999999", "h", "1h "]) {
    const path = `/api/v1/status?window=${encodeURIComponent(window)}`;
    const { status, body: json } = await get(service, path, WRITER_KEY);
    assert.equal([status, json.error], [422, "validation_failed"], window);
    assert.match(String(json.detail), "window must be 1s to 1095d");
  }
});

test("a scrape with a bearer token has every family under exactly its labels, fresh each time", async ({
  service,
  clock,
}) => {
  const metrics = FEED_CASES.map(({ feeds, ...metric }) => ({ value: 1, ...metric }));
  await submitMetrics(service.url, metrics, { instance_id: "pod-1" });
  await submitMetrics(service.url, [{ type: "auth_request", value: 1 }]);
  const { headers, text, status } = await get(service, "/api/v1/metrics/prometheus", WRITER_KEY);
  assert.is(status, 200);
  assert.is(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const samples = parseScrape(text);
  assert.equal(disagreements(samples, []), []);
  const shown = composerSamples(samples, []);
  assert.is(new Set(samples.map(({ family }) => family)).size, 33);
  assert.is(shown.mcp_composer_uptime_seconds, 90);
  for (const bound of ["0.005", "1.0", "60.0", "1e+06", "1e+07", "+Inf"])
    assert.ok(text.includes(`le="${bound}"} `));
  const ours = await (await fetch(service.prometheusUrl)).text();
  for (const bound of ["0.005", "1", "60", "1000000", "10000000", "+Inf"])
    assert.ok(ours.includes(`le="${bound}"} `), "the other exposition has numbers as Prometheus writes them");
  clock.advance(15_000);
  const later = await get(service, "/api/v1/metrics/prometheus", WRITER_KEY);
  assert.is(composerSamples(parseScrape(later.text), []).mcp_composer_uptime_seconds, 105);
});

test.run();
