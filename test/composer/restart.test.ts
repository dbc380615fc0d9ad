import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LATEST_VALUES_MAX } from "../../src/store/queries.ts";
import { submitMetrics } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { parseScrape } from "../telemetry/scrape.ts";
import { composerSamples } from "./samples.ts";
import { createShiftedClock } from "./shifted-clock.ts";

const METRICS = [
  { type: "composer_uptime", value: 100 },
  { type: "server_count", value: 3, dimensions: { state: "total" } },
  { type: "composer_info", value: 1, dimensions: { version: "1.0", platform: "linux" } },
  { type: "composer_info", value: 1, dimensions: { version: "1.1", platform: "linux" } },
  { type: "capability_count", value: 5, dimensions: { kind: "tools", server_id: "kept" } },
  { type: "capability_count", value: 5, dimensions: { kind: "tools", server_id: "gone" } },
  { type: "capability_count", value: 0, dimensions: { kind: "tools", server_id: "gone" } },
  { type: "server_crash", value: 1, dimensions: { server_id: "gone" } },
];
const GAUGES = {
  mcp_servers_total: 3,
  'mcp_composer_info{platform="linux",version="1.1"}': 1,
  'mcp_tools_by_server{server_id="kept"}': 5,
};

test("after a restart gauges are as they were, uptime has gone on, counters begin anew", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
  const env = { SQLITE_DB_PATH: join(folder, "metrics.db") };
  const clock = createShiftedClock();
  const shown = async (url: string) =>
    composerSamples(parseScrape(await (await fetch(url)).text()), ["service", "instance_id"]);
  const first = await startTestService(env, clock);
  for (const metric of METRICS) {
    assert.is((await submitMetrics(first.url, [metric], { instance_id: "pod-1" })).status, 200);
    clock.advance(1000);
  }
  assert.is((await shown(first.prometheusUrl))['mcp_server_crashes_total{server_id="gone"}'], 1);
  await first.close();

  clock.advance(60_000);
  const second = await startTestService(env, clock);
  assert.equal(await shown(second.prometheusUrl), { ...GAUGES, mcp_composer_uptime_seconds: 168 });
  clock.advance(300_000);
  assert.equal(await shown(second.prometheusUrl), {}, "who has not reported since is gone");
  await submitMetrics(second.url, [{ type: "config_reload", value: 1, dimensions: { status: "success" } }], {
    instance_id: "pod-1",
  });
  const back = await shown(second.prometheusUrl);
  assert.equal([back.mcp_servers_total, back.mcp_composer_uptime_seconds], [3, 468]);
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});

test("after a restart the newest gauges are shown where there are more than can be", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
  const env = { SQLITE_DB_PATH: join(folder, "metrics.db"), MAX_METRICS_PER_REQUEST: `${LATEST_VALUES_MAX}` };
  const first = await startTestService(env);
  const metrics = Array.from({ length: LATEST_VALUES_MAX }, (_, index) => ({
    type: "server_crash",
    value: 1,
    dimensions: { server_id: `server-${index}` },
  }));
  assert.is((await submitMetrics(first.url, metrics, { instance_id: "pod-1" })).status, 200);
  const total = { type: "server_count", value: 3, dimensions: { state: "total" } };
  assert.is((await submitMetrics(first.url, [total], { instance_id: "pod-2" })).status, 200);
  await first.close();

  const second = await startTestService(env);
  const text = await (await fetch(second.prometheusUrl)).text();
  assert.match(text, 'mcp_servers_total{service="test",instance_id="pod-2"} 3');
  assert.is(second.logs.filter(({ level }) => level === "WARN").length, 0);
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});

test.run();
