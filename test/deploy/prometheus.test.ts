/** What is in deploy/ against a Prometheus server that scrapes a service under the traffic of `npm run demo`. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse, stringify } from "yaml";
import { createDemoComposer } from "../../bench/demo-composer.ts";
import { createWorkload } from "../../bench/workload.ts";
import { storeMetrics } from "../support/http.ts";
import { missingProgram, unlessMissing } from "../support/needs.ts";
import { DATA_TIMEOUT_MS, startPrometheus, type TestPrometheus } from "../support/prometheus.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { until } from "../support/wait.ts";
import { DEPLOY, interpolate, panelsOf, readDashboard } from "./dashboard.ts";

const FOLDER = `${DEPLOY}prometheus`;
const run = promisify(execFile);
const test = suite<{ service: TestService; prometheus: TestPrometheus; stop: () => Promise<void> }>("deploy");

/** Submit what the demo submits, and as many failures and slow calls as it takes to raise alerts. */
async function submit(url: string, workload = createWorkload(1)): Promise<void> {
  const drawn = Array.from({ length: 80 }, () => workload.next());
  const failures = Array.from({ length: 20 }, (_, index) => ({
    type: index % 2 === 0 ? "auth_request" : "tool_execution",
    value: 1,
    duration_ms: 4000,
    dimensions: {
      success: false,
      method: index % 2 === 0 ? "jwt" : "tools/call",
      tool_name: "broken",
      server_name: "slow",
    },
  }));
  await storeMetrics(url, [...drawn, ...failures]);
}

/** The committed configuration, with the test's own address and short intervals. */
function configure(target: string): string {
  const config = parse(readFileSync(`${FOLDER}/prometheus.yml`, "utf8"));
  config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
  config.rule_files = config.rule_files.map((file: string) => `${FOLDER}/${file}`);
  config.scrape_configs[0].static_configs = [{ targets: [target] }];
  return stringify(config);
}

const missing = missingProgram("prometheus", "promtool");
const checked = unlessMissing(test, missing);

test.before(async (context) => {
  if (missing !== undefined) return;
  context.service = await startTestService();
  const { url, prometheusUrl } = context.service;
  context.prometheus = await startPrometheus(configure(new URL(prometheusUrl).host));
  const workload = createWorkload(1);
  const composer = createDemoComposer(url, WRITER_KEY, 1);
  let isStopped = false;
  const sending = until(
    "the test has ended",
    async () => {
      await submit(url, workload);
      composer.serve(10);
      return isStopped;
    },
    DATA_TIMEOUT_MS * 3,
    100,
  );
  context.stop = async () => {
    isStopped = true;
    await sending;
    await composer.close();
  };
});
test.after(async ({ service, prometheus, stop }) => {
  await stop?.();
  await prometheus?.close();
  await service?.close();
});

checked("promtool finds the rules right, and each of them fires where it should", async () => {
  await run("promtool", ["check", "config", `${FOLDER}/prometheus.yml`]);
  const tested = readFileSync(`${FOLDER}/alerts.test.yml`, "utf8");
  for (const { rules } of parse(readFileSync(`${FOLDER}/alerts.yml`, "utf8")).groups) {
    for (const { alert } of rules) {
      // A rule without one records what others read.
      if (alert !== undefined) assert.match(tested, `alertname: ${alert}\n        exp_alerts:\n          - `);
    }
  }
  const { stdout } = await run("promtool", ["test", "rules", `${FOLDER}/alerts.test.yml`]);
  assert.match(stdout, "SUCCESS");
});

for (const { title, targets = [] } of panelsOf(readDashboard())) {
  checked(`"${title}" has data, and none of a service that is not there`, async ({ prometheus }) => {
    for (const { expr } of targets) {
      await until(
        "there are samples",
        async () => {
          const samples = await prometheus.query(interpolate(expr));
          return samples.some(({ value }) => Number.isFinite(Number(value[1])));
        },
        DATA_TIMEOUT_MS,
        100,
      ).catch((error) => assert.unreachable(`${expr}: ${error.message}`));
      const ofNobody = await prometheus.query(interpolate(expr, { service: "nobody" }));
      if (expr.includes("$service")) assert.equal(ofNobody, []);
    }
  });
}

checked("every rule can be evaluated, and the traffic's own alerts are raised", async ({ prometheus }) => {
  const raised = ["AuthFailuresHigh", "ToolErrorsHigh", "ToolLatencyHigh"];
  await until(
    "the alerts are raised",
    async () => {
      const { groups } = (await prometheus.api("rules")) as {
        groups: { rules: { name: string; health: string; state: string; lastError?: string }[] }[];
      };
      const rules = groups.flatMap((group) => group.rules);
      for (const { name, health, lastError } of rules) assert.is.not(health, "err", `${name}: ${lastError}`);
      const quiet = rules.filter(({ name, state }) => raised.includes(name) && state === "inactive");
      return rules.every(({ health }) => health === "ok") && quiet.length === 0;
    },
    DATA_TIMEOUT_MS,
    100,
  );
});

test.run();
