import { createConnectTransport } from "@connectrpc/connect-web";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsCollector } from "../../src/client/index.ts";
import { parseExposition } from "../support/exposition.ts";
import { openClient } from "./client-and-service.ts";
import { closeCollector, openCollector } from "./open-collector.ts";

test.after.each(closeCollector);

/** Every method, and what the scrape shows after it. */
const METHODS: readonly {
  readonly call: (collector: MetricsCollector) => void;
  readonly shows: Readonly<Record<string, Readonly<Record<string, number>>>>;
}[] = [
  {
    call: (collector) => collector.initialize("2.1.0", "linux"),
    shows: { mcp_composer_info: { "version=2.1.0 platform=linux": 1 } },
  },
  {
    call: (collector) => collector.updateServerCounts(9, 5, 3, 1),
    shows: {
      mcp_servers_total: { "": 9 },
      mcp_servers_running: { "": 5 },
      mcp_servers_stopped: { "": 3 },
      mcp_servers_failed: { "": 1 },
    },
  },
  {
    call: (collector) => collector.updateCapabilityCounts(10, 20, 30),
    shows: { mcp_tools_total: { "": 10 }, mcp_prompts_total: { "": 20 }, mcp_resources_total: { "": 30 } },
  },
  {
    call: (collector) => collector.updatePerServerTools({ a: 1, b: 2 }),
    shows: { mcp_tools_by_server: { "server_id=a": 1, "server_id=b": 2 } },
  },
  {
    call: (collector) => collector.updatePerServerPrompts({ a: 3 }),
    shows: { mcp_prompts_by_server: { "server_id=a": 3 } },
  },
  {
    call: (collector) => collector.updatePerServerResources({ b: 4 }),
    shows: { mcp_resources_by_server: { "server_id=b": 4 } },
  },
  {
    call: (collector) => collector.updateToolConflicts(2),
    shows: { mcp_tool_conflicts_total: { "": 2 } },
  },
  {
    call: (collector) => {
      collector.recordServerStart("a");
      collector.recordServerStart("a", false);
      collector.recordServerStop("b");
      collector.recordServerRestart("a", "config_change");
      collector.recordServerCrash("b");
    },
    shows: {
      mcp_server_starts_total: { "server_id=a status=success": 1, "server_id=a status=failed": 1 },
      mcp_server_stops_total: { "server_id=b status=success": 1 },
      mcp_server_restarts_total: { "server_id=a reason=config_change": 1 },
      mcp_server_crashes_total: { "server_id=b": 1 },
    },
  },
  {
    call: (collector) => {
      collector.recordToolInvocation("a.search", 0.25);
      collector.recordToolInvocation("a.search", 0.5, false, "timeout");
    },
    shows: {
      mcp_tool_invocations_total: {
        "tool_id=a.search status=success": 1,
        "tool_id=a.search status=error": 1,
      },
      mcp_tool_invocation_duration_seconds_sum: { "tool_id=a.search": 0.75 },
      mcp_tool_invocation_errors_total: { "tool_id=a.search error_type=timeout": 1 },
    },
  },
  {
    call: (collector) => collector.recordResourceRead("file:///a", 0.125),
    shows: {
      mcp_resource_reads_total: { "resource_uri=file:///a status=success": 1 },
      mcp_resource_read_duration_seconds_sum: { "resource_uri=file:///a": 0.125 },
    },
  },
  {
    call: (collector) => collector.recordHttpRequest("GET", "/a/{id}", 503, 1.5, 10, 2000),
    shows: {
      mcp_http_requests_total: { "method=GET endpoint=/a/{id} status_code=503": 1 },
      mcp_http_request_duration_seconds_sum: { "method=GET endpoint=/a/{id}": 1.5 },
      mcp_http_request_size_bytes_sum: { "method=GET endpoint=/a/{id}": 10 },
      mcp_http_response_size_bytes_sum: { "method=GET endpoint=/a/{id}": 2000 },
    },
  },
  {
    call: (collector) => {
      collector.recordAuthAttempt("jwt", true);
      collector.recordAuthAttempt("jwt", false, "expired");
      collector.recordAuthzCheck("tool", true);
      collector.recordAuthzCheck("tool", false, "no_role");
    },
    shows: {
      mcp_auth_attempts_total: { "method=jwt status=success": 1, "method=jwt status=failed": 1 },
      mcp_auth_failures_total: { "method=jwt reason=expired": 1 },
      mcp_authz_checks_total: {
        "resource_type=tool status=allowed": 1,
        "resource_type=tool status=denied": 1,
      },
      mcp_authz_denials_total: { "resource_type=tool reason=no_role": 1 },
    },
  },
  {
    call: (collector) => {
      collector.recordConfigReload();
      collector.recordConfigReload(false);
      collector.recordConfigValidationError("unknown_server");
    },
    shows: {
      mcp_config_reloads_total: { "status=success": 1, "status=failed": 1 },
      mcp_config_validation_errors_total: { "error_type=unknown_server": 1 },
    },
  },
];

test("every method of the collector shows up in its families", async () => {
  const { collector, scrape, problems } = await openCollector();
  for (const { call } of METHODS) call(collector);
  for (const { shows } of METHODS) {
    for (const [family, expected] of Object.entries(shows))
      assert.equal(await scrape(family), expected, family);
  }
  collector.recordRateLimitExceeded("/a", "user-1");
  const [labels] = Object.keys(await scrape("mcp_rate_limit_exceeded_total"));
  assert.match(labels ?? "", /^endpoint=\/a user_id=/);
  assert.not.match(labels ?? "", "user-1");
  assert.equal(problems, []);
});

test("a server that leaves the numbers leaves the scrape", async () => {
  const { collector, scrape } = await openCollector();
  collector.updatePerServerTools({ a: 1, b: 2 });
  collector.updatePerServerTools({ b: 3 });
  assert.equal(await scrape("mcp_tools_by_server"), { "server_id=b": 3 });
  collector.updatePerServerTools({});
  assert.equal(await scrape("mcp_tools_by_server"), {});
});

test("what stays as it is is reported each minute, until the collector is closed", async () => {
  const { collector, clock, client } = await openCollector();
  collector.initialize("2.1.0", "linux");
  collector.updateServerCounts(3, 2, 1, 0);
  collector.updatePerServerTools({ gone: 1, kept: 2 });
  collector.updatePerServerTools({ kept: 2 });
  collector.recordServerCrash("a");
  const before = client.counts.emitted;
  clock.advance(60_000);
  // Information, uptime, four counts of servers, one server's tools; neither the crash nor what is gone.
  assert.is(client.counts.emitted - before, 7);
  clock.advance(60_000);
  assert.is(client.counts.emitted - before, 14);
  await collector.close();
  assert.is(client.counts.emitted - before, 15, "that it ends");
  clock.advance(120_000);
  await collector.close();
  assert.is(client.counts.emitted - before, 15);
});

test("the uptime is in seconds, since it was initialized last, whatever the wall clock is set to", async () => {
  const { collector, clock, scrape } = await openCollector();
  clock.advance(5_000);
  collector.initialize("2.1.0", "linux");
  const uptime = () => scrape("mcp_composer_uptime_seconds");
  assert.equal(await uptime(), { "": 0 });
  clock.advance(250);
  collector.updateUptime();
  assert.equal(await uptime(), { "": 0.25 });
  clock.jumpWall(60_000);
  clock.advance(59_750);
  assert.equal(await uptime(), { "": 60 }, "reported by itself");
  clock.advance(60_000);
  assert.equal(await uptime(), { "": 120 });
  collector.initialize("2.1.1", "linux");
  assert.equal(await uptime(), { "": 0 });
});

test("the collector throws nothing, whatever it is given", async () => {
  const { collector, client } = await openCollector();
  const odd = [undefined, null, Symbol("s"), 5n, Number.NaN, {}, () => {}] as never[];
  const names = Object.getOwnPropertyNames(MetricsCollector.prototype).filter((name) =>
    /^(update|record)/.test(name),
  );
  assert.is(names.length, 20);
  for (const name of names as "updateUptime"[]) {
    for (const value of odd) (collector[name] as (...args: never[]) => void)(value, value, value, value);
  }
  const throwing = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error("no");
      },
    },
  );
  collector.updatePerServerTools(throwing);
  assert.is(await client.flush(), true);
});

test("getMetrics is the service's text with everything that was recorded before", async () => {
  const { client, collector, clock } = await openCollector();
  collector.initialize("2.1.0", "linux");
  collector.recordServerCrash("a");
  clock.advance(90_000);
  const samples = parseExposition(await collector.getMetrics());
  const shown = (name: string) => samples.find((sample) => sample.name === name)?.value;
  assert.is(shown("mcp_server_crashes_total"), 1);
  assert.ok((shown("mcp_composer_uptime_seconds") ?? 0) >= 90);
  assert.is(client.counts.waiting, 0);
  assert.is(collector.getContentType(), "text/plain; version=0.0.4; charset=utf-8");
});

test("getMetrics says why there is no text", async () => {
  const { running } = await openCollector();
  const { client } = openClient({ url: running.url, apiKey: "not-a-key-of-this-service" });
  const refused = await new MetricsCollector(client).getMetrics().catch((error: Error) => error.message);
  assert.match(String(refused), /^the service answered 401: .*api_key_invalid/s);
  const { client: blind } = openClient({ transport: createConnectTransport({ baseUrl: running.url }) });
  const unknown = await new MetricsCollector(blind).getMetrics().catch((error: Error) => error.message);
  assert.is(unknown, "getMetrics needs a client with a url");
});

test.run();
