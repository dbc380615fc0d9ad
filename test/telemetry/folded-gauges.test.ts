/** Gauges that found no place for their labels: `_other` is what they come to together, and nothing else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { composerSamples } from "../composer/samples.ts";
import { measure, open } from "./open-telemetry.ts";
import { parseScrape, select, sum } from "./scrape.ts";
import { standing } from "./standing-clock.ts";

const SILENCE_MS = 300_000;

function setup(options: Parameters<typeof open>[0] = {}) {
  const clock = standing();
  const telemetry = open({ labelValuesMax: 2, clock, ...options });
  type Fields = readonly [type: string, value: number, dimensions?: Readonly<Record<string, string>>];
  const report = (instanceId: string, timestampMs: number, ...fields: readonly Fields[]) =>
    telemetry.recorder.record(
      { service: "composer", instanceId, owner: "composer" },
      fields.map(([type, value, dimensions = {}]) => ({
        ...measure({ type, value, dimensions }),
        timestampMs,
      })),
    );
  /** By the label that tells them apart. */
  const shown = async (family: string, label: string) =>
    Object.fromEntries(
      select(await telemetry.scrape(), family).map(({ labels, value }) => [labels[label], value]),
    );
  const together = async () =>
    composerSamples(parseScrape((await telemetry.serviceExposition({ service: "composer" })).text), []);
  return { telemetry, clock, report, shown, together };
}

const tools = (server_id: string, value: number) =>
  ["capability_count", value, { kind: "tools", server_id }] as const;
const total = (value: number) => ["server_count", value, { state: "total" }] as const;

test("servers without a place are shown by their sum; one that leaves leaves it, the last one ends it", async () => {
  const { telemetry, report, shown, together } = setup({ clock: standing(1000) });
  const servers = () => shown("mcp_tools_by_server", "server_id");
  report("pod", 10, tools("a", 1), tools("b", 2), tools("c", 3), tools("d", 4), tools("e", 5));
  assert.equal(await servers(), { a: 1, b: 2, _other: 12 });
  report("pod", 20, tools("c", 30), tools("d", 4));
  assert.equal(await servers(), { a: 1, b: 2, _other: 39 });
  report("pod", 15, tools("c", 3), tools("e", 500));
  assert.equal(await servers(), { a: 1, b: 2, _other: 534 }, "of c it was so before, of e it is news");
  report("pod", 30, tools("c", 0), tools("e", 0));
  assert.equal(await servers(), { a: 1, b: 2, _other: 4 });
  report("pod", 25, tools("c", 3), tools("e", 0));
  assert.equal(await servers(), { a: 1, b: 2, _other: 4 }, "a retry of before its end brings nothing back");
  assert.equal(
    Object.values(await together()).reduce((all, each) => all + each, 0),
    7,
  );
  report("pod", 40, tools("d", 0));
  assert.equal(await servers(), { a: 1, b: 2 });
  report("pod", 50, tools("f", 6), tools("f", 6));
  assert.equal(await servers(), { a: 1, b: 2, _other: 6 });
  await telemetry.shutdown();
});

test("one that finds a place is no longer part of the rest", async () => {
  const { telemetry, report, shown } = setup();
  report("pod", 10, tools("a", 1), tools("b", 2), tools("c", 3), tools("d", 4));
  report("pod", 20, tools("a", 0), tools("c", 3));
  assert.equal(await shown("mcp_tools_by_server", "server_id"), { b: 2, c: 3, _other: 4 });
  report("pod", 30, tools("b", 0), tools("d", 4));
  assert.equal(await shown("mcp_tools_by_server", "server_id"), { c: 3, d: 4 });
  await telemetry.shutdown();
});

test("instances without a place are added up, and leave when they are silent or sign off", async () => {
  const { telemetry, clock, report, shown, together } = setup();
  const totals = () => shown("mcp_servers_total", "instance_id");
  for (const [index, pod] of ["p", "q", "r", "s", "t"].entries()) report(pod, 0, total(index + 1));
  assert.equal(await totals(), { p: 1, q: 2, _other: 12 });
  assert.is((await together()).mcp_servers_total, 15);
  report("s", 10, ["composer_shutdown", 1]);
  assert.equal(await totals(), { p: 1, q: 2, _other: 8 });
  report("s", 5, total(4));
  assert.equal(await totals(), { p: 1, q: 2, _other: 8 }, "what it was before its end is over");
  clock.advance(SILENCE_MS);
  for (const pod of ["p", "q", "t"]) report(pod, SILENCE_MS, ["composer_uptime", 7]);
  clock.advance(1);
  assert.equal(await totals(), { p: 1, q: 2, _other: 5 }, "r is silent");
  report("r", SILENCE_MS, ["composer_uptime", 7]);
  assert.equal(await totals(), { p: 1, q: 2, _other: 8 }, "and is there again");
  clock.advance(SILENCE_MS + 1);
  assert.equal(await totals(), {});
  clock.advance(12 * SILENCE_MS);
  assert.equal(await totals(), {});
  report("t", 13 * SILENCE_MS, total(9));
  assert.equal(await totals(), { t: 9 }, "all places are free");
  await telemetry.shutdown();
});

test("one that signed off gives its place back once it was silent, one that only fell silent after an hour", async () => {
  const { telemetry, clock, report, shown } = setup({ labelValuesMax: 1 });
  const crash = ["server_crash", 1, { server_id: "x" }] as const;
  const pods = async () => Object.keys(await shown("mcp_server_crashes_total", "instance_id"));
  report("p", 0, total(1), crash, ["composer_shutdown", 1]);
  clock.advance(SILENCE_MS);
  report("q", 0, crash);
  assert.equal(await pods(), ["p", "_other"], "Prometheus has time to see what it counted last");
  clock.advance(1);
  await pods();
  report("r", 0, total(1), crash);
  assert.equal(await pods(), ["_other", "r"]);
  clock.advance(SILENCE_MS + 1);
  await pods();
  report("s", 0, crash);
  assert.equal(await pods(), ["_other", "r"]);
  clock.advance(11 * SILENCE_MS);
  await pods();
  report("s", 0, crash);
  assert.equal(await pods(), ["_other", "s"]);
  await telemetry.shutdown();
});

test("an instance that finds a place leaves nothing behind among the others", async () => {
  const { telemetry, clock, report, shown } = setup();
  for (const pod of ["p", "q", "r", "s"]) report(pod, 0, total(1), tools("x", 2));
  clock.advance(12 * SILENCE_MS);
  for (const pod of ["q", "r", "s"]) report(pod, 1, total(1), tools("x", 2));
  clock.advance(1);
  await shown("mcp_servers_total", "instance_id");
  report("r", 2, total(5));
  assert.equal(await shown("mcp_servers_total", "instance_id"), { q: 1, r: 5, _other: 1 });
  assert.equal(await shown("mcp_tools_by_server", "instance_id"), { q: 2, _other: 2 });
  report("r", 3, tools("x", 2));
  assert.equal(await shown("mcp_tools_by_server", "instance_id"), { q: 2, r: 2, _other: 2 });
  await telemetry.shutdown();
});

test("of uptimes and versions the largest stands for all, and uptimes go on", async () => {
  const { telemetry, clock, report, shown } = setup();
  for (const [pod, uptime] of [
    ["p", 1],
    ["q", 2],
    ["r", 300],
    ["s", 40],
  ] as const)
    report(pod, 0, ["composer_uptime", uptime], ["composer_info", 1, { version: "1", platform: pod }]);
  clock.advance(10_000);
  assert.equal(await shown("mcp_composer_uptime_seconds", "instance_id"), { p: 11, q: 12, _other: 310 });
  report("r", 10_000, ["composer_info", 1, { version: "2", platform: "x" }], ["composer_shutdown", 1]);
  assert.equal(await shown("mcp_composer_uptime_seconds", "instance_id"), { p: 11, q: 12, _other: 50 });
  const infos = select(await telemetry.scrape(), "mcp_composer_info").filter(
    ({ labels }) => labels.instance_id === "_other",
  );
  assert.is(infos.length, 1, "one that signed off says no version any more");
  assert.ok(infos.every(({ value }) => value === 1));
  await telemetry.shutdown();
});

test("a folded instance has one version at a time", async () => {
  const { telemetry, report } = setup({ labelValuesMax: 1, clock: standing(1000) });
  report("p", 0, ["composer_info", 1, { version: "1", platform: "linux" }]);
  for (const version of ["1", "2", "3"])
    report("q", 10, ["composer_info", 1, { version, platform: "linux" }]);
  report("q", 5, ["composer_info", 1, { version: "1", platform: "linux" }]);
  const infos = select(await telemetry.scrape(), "mcp_composer_info").map(
    ({ labels, value }) => `${labels.instance_id} ${labels.version} ${value}`,
  );
  assert.equal(infos, ["p 1 1", "_other _other 1"]);
  await telemetry.shutdown();
});

test("gauges of one's own naming are added up by name, and forgotten after a day", async () => {
  const { telemetry, clock, report, shown } = setup();
  const gauge = (metric_name: string, value: number) => ["custom", value, { metric_name }] as const;
  const gauges = () => shown("mcp_custom_metric", "metric_name");
  report("", 0, gauge("a", 1), gauge("b", 2), gauge("c", 3), gauge("d", -4));
  report("other-pod", 10, gauge("c", 5));
  assert.equal(await gauges(), { a: 1, b: 2, _other: 1 });
  assert.is(sum(await telemetry.scrape(), "mcp_custom_metrics_total", { metric_name: "_other" }), 8);
  clock.advance(86_400_000);
  report("", 20, gauge("a", 1), gauge("b", 2), gauge("d", 7));
  clock.advance(60_000);
  assert.equal(await gauges(), { a: 1, b: 2, _other: 7 });
  clock.advance(86_400_001);
  assert.equal(await gauges(), {});
  await telemetry.shutdown();
});

test("a table without room shows by their sum what it cannot show by itself", async () => {
  const { telemetry, report, shown } = setup({ seriesMax: 4, labelValuesMax: 100 });
  report("pod", 0, ...["a", "b", "c", "d", "e"].map((name, index) => tools(name, index + 1)));
  assert.equal(await shown("mcp_tools_by_server", "server_id"), { a: 1, b: 2, c: 3, _other: 9 });
  report("pod", 1, tools("e", 0));
  assert.equal(await shown("mcp_tools_by_server", "server_id"), { a: 1, b: 2, c: 3, _other: 4 });
  const folds = sum(await telemetry.scrape(), "metrics_label_overflow_total", { label: "_series" });
  assert.ok(folds >= 2, `${folds} folds`);
  await telemetry.shutdown();
});

test("what is remembered of those without a place is bounded, and what is not is counted", async () => {
  const { telemetry, clock, report, shown } = setup({ seriesMax: 100 });
  for (let index = 0; index < 5000; index++) report(`pod-${index}`, 0, total(1), tools(`server-${index}`, 1));
  const totals = await shown("mcp_servers_total", "instance_id");
  assert.ok((totals._other ?? 0) > 20 && (totals._other ?? 0) <= 100, JSON.stringify(totals));
  const folds = sum(await telemetry.scrape(), "metrics_label_overflow_total", { label: "_series" });
  assert.ok(folds > 9000, `${folds} folds`);
  clock.advance(13 * SILENCE_MS);
  assert.equal(await shown("mcp_servers_total", "instance_id"), {});
  report("pod-1", 13 * SILENCE_MS, total(3));
  assert.equal(await shown("mcp_servers_total", "instance_id"), { "pod-1": 3 });
  await telemetry.shutdown();
});

test("of the ends that are remembered the newest thousand are, also those that are told again", async () => {
  const { telemetry, report, shown } = setup({ labelValuesMax: 5000, clock: standing(1000) });
  const end = (...servers: readonly string[]) =>
    report("pod", 20, ...servers.map((server) => tools(server, 0)));
  const others = Array.from({ length: 1500 }, (_, index) => `s${index}`);
  end("first", "again", ...others.slice(0, 998));
  end("again");
  end(...others.slice(998));
  // What is late is over where its end is known; a thousand are: the last 999 of the others, and "again".
  report("pod", 15, ...["first", "again", "s500", "s501", "s1499"].map((server) => tools(server, 3)));
  assert.equal(await shown("mcp_tools_by_server", "server_id"), { first: 3, s500: 3 });
  await telemetry.shutdown();
});

test.run();
