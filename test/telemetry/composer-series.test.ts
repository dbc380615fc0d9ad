import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { FAMILIES, FEED_CASES } from "../composer/families.ts";
import { composerSamples, disagreements } from "../composer/samples.ts";
import { measure, open } from "./open-telemetry.ts";
import { parseScrape, select, sum } from "./scrape.ts";
import { standing } from "./standing-clock.ts";

const SENDER = ["service", "instance_id"];
const COMPOSER = { service: "composer", instanceId: "pod-1" };

type Case = (typeof FEED_CASES)[number];
const toMetric = ({ type, value = 1, duration_ms: durationMs, dimensions, metadata }: Case) =>
  measure({
    type,
    value,
    ...(durationMs !== undefined && { durationMs }),
    ...(dimensions !== undefined && { dimensions }),
    ...(metadata !== undefined && { metadata }),
  });

test("the catalogue has the 33 families of composers, and no other instrument has a series for each instance", () => {
  const instruments = METRIC_TYPES.filter((type) => type.isPerInstance).flatMap((type) => type.instruments);
  assert.equal(instruments.map(({ name }) => name).sort(), Object.keys(FAMILIES).sort());
  assert.is(instruments.length, 33);
});

for (const feed of FEED_CASES) {
  test(`${feed.type} ${JSON.stringify(feed.dimensions ?? {})} changes its families and no other`, async () => {
    const telemetry = open({ clock: standing() });
    telemetry.recorder.record(COMPOSER, [toMetric(feed)]);
    const all = await telemetry.scrape();
    assert.equal(composerSamples(all, SENDER), feed.feeds);
    assert.equal(disagreements(all, SENDER), []);
    const own = parseScrape((await telemetry.serviceExposition({ service: "composer" })).text);
    assert.equal(composerSamples(own, []), feed.feeds);
    assert.equal(disagreements(own, []), []);
    await telemetry.shutdown();
  });
}

test("a service sees its own instances together; a key for all sees every service", async () => {
  const telemetry = open({ clock: standing() });
  const start = { type: "server_start", dimensions: { server_id: "a", status: "success" } };
  const run = { type: "server_count", value: 2, dimensions: { state: "running" } };
  const call = { type: "tool_invocation", durationMs: 20, dimensions: { tool_id: "a.x", status: "success" } };
  for (const [service, instanceId, uptime] of [
    ["composer", "pod-1", 10],
    ["composer", "pod-2", 500],
    ["other", "pod-1", 9000],
  ] as const) {
    const uptimes = { type: "composer_uptime", value: uptime };
    telemetry.recorder.record({ service, instanceId }, [start, run, call, uptimes].map(measure));
  }
  const seen = async (service: string | undefined) => {
    const samples = parseScrape((await telemetry.serviceExposition({ service })).text);
    return [
      sum(samples, "mcp_server_starts_total"),
      sum(samples, "mcp_servers_running"),
      sum(samples, "mcp_tool_invocation_duration_seconds_bucket", { le: "0.05" }),
      sum(samples, "mcp_composer_uptime_seconds"),
      samples.length === new Set(samples.map(({ name, labels }) => JSON.stringify([name, labels]))).size,
    ];
  };
  assert.equal(await seen("composer"), [2, 4, 2, 500, true]);
  assert.equal(await seen("other"), [1, 2, 1, 9000, true]);
  assert.equal(await seen(undefined), [3, 6, 3, 9000, true]);
  assert.is((await telemetry.serviceExposition({ service: "nobody" })).text, "");
  await telemetry.shutdown();
});

test("a service that is called as what was folded does not see the services that were", async () => {
  const telemetry = open({ clock: standing(), labelValuesMax: 1 });
  for (const service of ["first", "second"])
    telemetry.recorder.record({ service, instanceId: "" }, [
      measure({ type: "server_crash", dimensions: { server_id: "a" } }),
    ]);
  const seen = async (service?: string) =>
    sum(parseScrape((await telemetry.serviceExposition({ service })).text), "mcp_server_crashes_total");
  assert.equal([await seen("first"), await seen("_other"), await seen()], [1, 0, 2]);
  await telemetry.shutdown();
});

test("0 tools of a server end its series and free its place; a retry of before does not bring it down", async () => {
  const telemetry = open({ clock: standing(1000), labelValuesMax: 1 });
  const tools = (server_id: string, value: number, timestampMs = 0) => ({
    ...measure({ type: "capability_count", value, dimensions: { kind: "tools", server_id } }),
    timestampMs,
  });
  const shown = async () => composerSamples(await telemetry.scrape(), SENDER);
  telemetry.recorder.record(COMPOSER, [tools("a", 0), tools("a", 5, 10), tools("a", 4, 5), tools("a", 0, 5)]);
  assert.equal(await shown(), { 'mcp_tools_by_server{server_id="a"}': 5 });
  telemetry.recorder.record(COMPOSER, [tools("a", 0, 20), tools("b", 3, 30)]);
  assert.equal(await shown(), { 'mcp_tools_by_server{server_id="b"}': 3 });
  const count = { type: "capability_count", value: 0, dimensions: { kind: "tools" } };
  telemetry.recorder.record(COMPOSER, [measure(count)]);
  assert.is((await shown()).mcp_tools_total, 0, "no tools at all is a figure");
  await telemetry.shutdown();
});

test("what found no place has one once another instance's server has left", async () => {
  const telemetry = open({ clock: standing(), labelValuesMax: 2 });
  // As ingest does, the same object for the same dimensions.
  const [a, b, c] = ["a", "b", "c"].map((server_id) =>
    measure({ type: "capability_count", value: 5, dimensions: { kind: "tools", server_id } }),
  );
  if (a === undefined || b === undefined || c === undefined) return;
  const other = { ...COMPOSER, instanceId: "pod-2" };
  const shown = async () => Object.keys(composerSamples(await telemetry.scrape(), SENDER)).join();
  telemetry.recorder.record(COMPOSER, [a, b]);
  telemetry.recorder.record(other, [c]);
  assert.not.match(await shown(), 'server_id="c"');
  telemetry.recorder.record(COMPOSER, [{ ...a, value: 0 }]);
  telemetry.recorder.record(other, [c]);
  assert.match(await shown(), 'server_id="c"');
  await telemetry.shutdown();
});

test("a late report brings back neither a server that has gone nor a version that was replaced", async () => {
  const telemetry = open({ clock: standing(1000), labelValuesMax: 3 });
  const report = (timestampMs: number, type: string, value: number, dimensions: Record<string, string>) => ({
    ...measure({ type, value, dimensions }),
    timestampMs,
  });
  const tools = { kind: "tools", server_id: "a" };
  const record = (...metrics: ReturnType<typeof report>[]) => telemetry.recorder.record(COMPOSER, metrics);
  const shown = async () => composerSamples(await telemetry.scrape(), SENDER);
  record(report(10, "composer_info", 1, { version: "1.1", platform: "linux" }));
  record(report(20, "capability_count", 0, tools), report(15, "capability_count", 0, tools));
  record(report(5, "composer_info", 1, { version: "1.0", platform: "linux" }));
  record(report(19, "capability_count", 5, tools));
  assert.equal(await shown(), { 'mcp_composer_info{platform="linux",version="1.1"}': 1 });
  record(report(21, "capability_count", 6, tools));
  record(report(22, "composer_info", 1, { version: "1.2", platform: "linux" }));
  assert.equal(await shown(), {
    'mcp_composer_info{platform="linux",version="1.2"}': 1,
    'mcp_tools_by_server{server_id="a"}': 6,
  });
  await telemetry.shutdown();
});

test("an instance has one composer_info: an upgrade replaces the version", async () => {
  const telemetry = open({ clock: standing() });
  for (const version of ["1.0", "1.1"]) {
    const dimensions = { version, platform: "linux" };
    telemetry.recorder.record(COMPOSER, [measure({ type: "composer_info", dimensions })]);
  }
  assert.equal(composerSamples(await telemetry.scrape(), SENDER), {
    'mcp_composer_info{platform="linux",version="1.1"}': 1,
  });
  await telemetry.shutdown();
});

test("uptime goes on between reports; gauges of a silent instance go, and come back with it", async () => {
  const clock = standing();
  const telemetry = open({ clock, instanceSilenceMs: 60_000 });
  const states = [
    { type: "composer_uptime", value: 100 },
    { type: "server_count", value: 3, dimensions: { state: "total" } },
  ];
  const crash = { type: "server_crash", dimensions: { server_id: "a" } };
  telemetry.recorder.record(COMPOSER, [...states, crash].map(measure));
  const shown = async () => composerSamples(await telemetry.scrape(), SENDER);
  const crashes = { 'mcp_server_crashes_total{server_id="a"}': 1 };
  clock.advance(30_000);
  assert.equal(await shown(), { ...crashes, mcp_composer_uptime_seconds: 130, mcp_servers_total: 3 });
  clock.advance(30_001);
  assert.equal(await shown(), crashes, "nobody knows of the gauges any more");
  telemetry.recorder.record(COMPOSER, [
    measure({ type: "config_reload", dimensions: { status: "success" } }),
  ]);
  const back = { mcp_composer_uptime_seconds: 160.001, mcp_servers_total: 3 };
  assert.equal(await shown(), { ...crashes, ...back, 'mcp_config_reloads_total{status="success"}': 1 });
  await telemetry.shutdown();
});

test("a forgotten instance frees its place, and its service's counters never go down", async () => {
  const clock = standing();
  const telemetry = open({ clock, instanceSilenceMs: 1_000, labelValuesMax: 3, seriesMax: 20 });
  const metrics = [
    { type: "server_crash", dimensions: { server_id: "a" } },
    { type: "tool_invocation", durationMs: 20, dimensions: { tool_id: "a.x", status: "success" } },
    { type: "server_count", value: 3, dimensions: { state: "total" } },
  ];
  for (let pod = 1; pod <= 100; pod += 1) {
    telemetry.recorder.record({ service: "composer", instanceId: `pod-${pod}` }, metrics.map(measure));
    clock.advance(12_001);
    const samples = await telemetry.scrape();
    assert.equal(composerSamples(samples, SENDER), {});
    const own = parseScrape((await telemetry.serviceExposition({ service: "composer" })).text);
    assert.is(sum(own, "mcp_server_crashes_total"), pod);
    assert.is(sum(own, "mcp_tool_invocation_duration_seconds_count"), pod);
    assert.is(sum(own, "mcp_servers_total"), 0);
    assert.is(sum(samples, "metrics_label_overflow_total"), 0, "nothing had to be folded");
  }
  await telemetry.shutdown();
});

test("10 000 random values of every type stay bounded on both ports, and lose nothing of the totals", async () => {
  const telemetry = open({ clock: standing() });
  const counters = METRIC_TYPES.filter(
    ({ isPerInstance, instruments }) => isPerInstance && instruments.length > 0,
  );
  const text = fc.oneof(fc.string({ maxLength: 200 }), fc.uuid(), fc.webPath());
  const values = fc.sample(text, 10_000);
  for (const [index, random] of values.entries()) {
    const type = counters[index % counters.length];
    if (type === undefined) continue;
    const dimensions = Object.fromEntries(
      type.dimensions.map((name) => [name, type.choices?.[name]?.[index % 2] ?? `${random}${index}`]),
    );
    const metadata = { request_size_bytes: 1, response_size_bytes: 1 };
    const sender = { service: "composer", instanceId: `i${index}` };
    telemetry.recorder.record(sender, [measure({ type: type.name, dimensions, metadata, durationMs: 1 })]);
  }
  for (const samples of [
    await telemetry.scrape(),
    parseScrape((await telemetry.serviceExposition({ service: "composer" })).text),
  ]) {
    const own = samples.filter(({ family }) => Object.hasOwn(FAMILIES, family));
    assert.equal(disagreements(own, Object.hasOwn(own[0]?.labels ?? {}, "service") ? SENDER : []), []);
    for (const name of new Set(own.flatMap(({ labels }) => Object.keys(labels)))) {
      const distinct = new Set(own.map(({ labels }) => labels[name]));
      assert.ok(distinct.size <= 152, `${name} has ${distinct.size} values`);
    }
    const requests = values.filter((_, index) => counters[index % counters.length]?.name === "http_request");
    assert.is(sum(own, "mcp_http_requests_total"), requests.length);
    assert.is(sum(own, "mcp_http_request_size_bytes_count"), requests.length);
    assert.ok(select(own, "mcp_http_requests_total").length <= 10_000);
  }
  await telemetry.shutdown();
});

test.run();
