/** A Prometheus server that scrapes a composer's metrics answers what the specification's dashboards ask. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readBlocks } from "../legacy/guide.ts";
import { submitMetrics } from "../support/http.ts";
import { missingProgram, unlessMissing } from "../support/needs.ts";
import { DATA_TIMEOUT_MS, startPrometheus, type TestPrometheus } from "../support/prometheus.ts";
import { startTestService, type TestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";
import { until } from "../support/wait.ts";
import { called, count, requested, state } from "./metrics.ts";

interface Context {
  readonly service: TestService;
  readonly prometheus: TestPrometheus;
  readonly stop: () => Promise<void>;
}
const test = suite<Context>("composer's Prometheus queries");
const missing = missingProgram("prometheus");
const checked = unlessMissing(test, missing);

const configuration = (target: string) =>
  JSON.stringify({
    global: { scrape_interval: "1s" },
    scrape_configs: [
      ["mcp-composer", WRITER_KEY],
      ["stranger", WRONG_KEY],
    ].map(([job_name, credentials]) => ({
      job_name,
      metrics_path: "/api/v1/metrics/prometheus",
      authorization: { credentials },
      static_configs: [{ targets: [target] }],
    })),
  });

test.before(async (context) => {
  if (missing !== undefined) return;
  const service = await startTestService();
  const prometheus = await startPrometheus(configuration(new URL(service.url).host));
  let isStopped = false;
  const sending = until(
    "the test has ended",
    async () => {
      const failed = {
        type: "auth_attempt",
        value: 1,
        dimensions: { method: "api_key", status: "failed", reason: "expired" },
      };
      const sent = await submitMetrics(service.url, [
        ...[state("composer_uptime", 1000), count("total", 4), count("running", 3)],
        ...[called("github.search", 200), called("github.search", 800, "error"), failed],
        ...[requested(200, 20), requested(200, 20), requested(503, 20)],
      ]);
      assert.is(sent.status, 200, sent.text);
      return isStopped;
    },
    DATA_TIMEOUT_MS * 3,
    100,
  );
  const stop = () => {
    isStopped = true;
    return sending;
  };
  Object.assign(context, { service, prometheus, stop });
});
test.after(async ({ service, prometheus, stop }) => {
  await stop?.();
  await prometheus?.close();
  await service?.close();
});

interface Question {
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isRight: (value: number) => boolean;
}

const isPositive = (value: number) => value > 0;
const ENDPOINT = { endpoint: "/tools" };

/** The bound is a label; docs/migrating.md has a query for both ways to write it. */
const EITHER_BOUND = readBlocks().find(({ language }) => language === "promql")?.text ?? "";

const QUESTIONS: readonly Question[] = [
  { query: EITHER_BOUND, labels: { tool_id: "github.search" }, isRight: isPositive },
  { query: "mcp_composer_uptime_seconds", labels: {}, isRight: (value) => value >= 1000 },
  { query: "mcp_servers_running / mcp_servers_total", labels: {}, isRight: (value) => value === 0.75 },
  {
    query: "rate(mcp_tool_invocations_total[5m])",
    labels: { tool_id: "github.search", status: "error" },
    isRight: isPositive,
  },
  {
    query: "histogram_quantile(0.95, rate(mcp_tool_invocation_duration_seconds_bucket[5m]))",
    labels: { tool_id: "github.search" },
    // Half of the calls took 0.8 s, which is between the bounds 0.5 and 1.
    isRight: (value) => value > 0.5 && value <= 1,
  },
  { query: "sum(rate(mcp_http_requests_total[5m])) by (endpoint)", labels: ENDPOINT, isRight: isPositive },
  {
    query: 'sum(rate(mcp_http_requests_total{status_code=~"5.."}[5m])) by (endpoint)',
    labels: ENDPOINT,
    isRight: isPositive,
  },
  {
    query: "rate(mcp_auth_failures_total[5m])",
    labels: { method: "api_key", reason: "expired" },
    isRight: isPositive,
  },
];

for (const { query, labels, isRight } of QUESTIONS) {
  checked(`${query} is answered`, async ({ prometheus }) => {
    let last = "";
    await until(
      "the answer is right",
      async () => {
        const samples = await prometheus.query(query);
        last = JSON.stringify(samples);
        return samples.some(({ metric, value }) => {
          const isMeant = Object.entries(labels).every(([name, text]) => metric[name] === text);
          return isMeant && isRight(Number(value[1]));
        });
      },
      DATA_TIMEOUT_MS,
      100,
    ).catch((error) => assert.unreachable(`${error.message}; at last it said ${last}`));
  });
}

checked(
  "a scrape with a wrong key is rejected: Prometheus calls that target down, and has nothing of it",
  async ({ prometheus }) => {
    await until(
      "the target is down",
      async () => (await prometheus.query('up{job="stranger"}')).some(({ value }) => value[1] === "0"),
      DATA_TIMEOUT_MS,
      100,
    );
    assert.equal(await prometheus.query('{__name__=~"mcp_.*",job="stranger"}'), []);
  },
);

test.run();
