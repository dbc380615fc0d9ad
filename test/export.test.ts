import { execFileSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createWorkload } from "../bench/workload.ts";
import { METRIC_TYPES } from "../src/catalogue/catalogue.ts";
import { parseExposition } from "./support/exposition.ts";
import { storeMetrics, submitMetrics } from "./support/http.ts";
import { needing } from "./support/needs.ts";
import { ADMIN_KEY, startTestService, type TestService, WRITER_KEY } from "./support/service.ts";
import { readRows } from "./support/sql.ts";
import { openReceiver } from "./telemetry/otlp-receiver.ts";
import { sum } from "./telemetry/scrape.ts";

const opened: { close(): Promise<void> }[] = [];

/** Closed after the test, also when it fails: an open port would keep the whole run from ending. */
function closeAfterwards<Opened extends { close(): Promise<void> }>(thing: Opened): Opened {
  opened.push(thing);
  return thing;
}

test.after.each(async () => {
  for (const thing of opened.splice(0)) await thing.close();
});

async function submitWorkload(service: TestService, requests: number): Promise<void> {
  const workload = createWorkload(7);
  for (let request = 0; request < requests; request += 1) {
    const metrics = Array.from({ length: 50 }, () => workload.next());
    await storeMetrics(service.url, metrics, { headers: { "idempotency-key": `key-${request}` } });
    // A retry is answered and counted nowhere.
    if (request % 5 === 0)
      await storeMetrics(service.url, metrics, { headers: { "idempotency-key": `key-${request}` } });
  }
  await storeMetrics(service.url, [
    { type: "auth_request", value: -5, dimensions: { method: "negative" } },
    { type: "nonsense", value: 1 },
  ]);
  // Refused as a whole, and counted all the same.
  await submitMetrics(service.url, [{ type: "nonsense", value: 1 }]);
}

/** What SQL says that each counter and each histogram of durations must show. */
function expectedTotals(path: string): ReadonlyMap<string, number> {
  const rows = readRows(
    path,
    `SELECT metric_type, sum(max(value, 0)) AS total, count(duration_ms) AS durations FROM metrics GROUP BY 1`,
  );
  const totals = new Map<string, number>();
  for (const row of rows) {
    const type = METRIC_TYPES.find(({ name }) => name === row.metric_type);
    for (const { name, kind, records } of type?.instruments ?? []) {
      if (kind === "counter") totals.set(name, Number(row.total));
      if (kind === "histogram" && records.from === "duration_ms") totals.set(name, Number(row.durations));
    }
  }
  return totals;
}

test("a scrape, the OTLP receiver and SQL show the same totals", async () => {
  const receiver = closeAfterwards(await openReceiver());
  const service = closeAfterwards(
    await startTestService({
      OTEL_OTLP_ENDPOINT: receiver.url,
      OTEL_METRIC_EXPORT_INTERVAL: "60000",
    }),
  );
  await submitWorkload(service, 40);
  const samples = parseExposition(await (await fetch(service.prometheusUrl)).text());
  const totals = expectedTotals(service.databasePath);
  assert.ok(totals.size >= 10);
  for (const [name, total] of totals) {
    const scraped = sum(samples, name) + sum(samples, `${name}_count`);
    assert.ok(Math.abs(scraped - total) < 1e-6, `${name}: ${scraped} scraped, ${total} stored`);
  }
  assert.is(sum(samples, "metrics_export_skipped_total", { reason: "negative" }), 1);
  assert.is(sum(samples, "metrics_validation_errors_total", { field: "type" }), 2);
  await service.service.close();
  for (const [name, total] of totals) {
    const pushed = receiver.points
      .filter((point) => point.name === name)
      .reduce((all, { value }) => all + value, 0);
    assert.ok(Math.abs(pushed - total) < 1e-6, `${name}: ${pushed} pushed, ${total} stored`);
  }
});

/** What either port answers to a scrape. */
async function scrapeBoth() {
  const service = closeAfterwards(await startTestService());
  await submitWorkload(service, 5);
  const open = await (await fetch(service.prometheusUrl)).text();
  const keyed = await (await fetch(`${service.url}/metrics`, { headers: { "x-api-key": ADMIN_KEY } })).text();
  return { open, keyed };
}

test("the scrapes of the two ports differ in nothing that clients submitted", async () => {
  const { open, keyed } = await scrapeBoth();
  const submitted = (text: string) => text.split("\n").filter((line) => line.startsWith("mcp_"));
  assert.equal(submitted(keyed), submitted(open));
});

needing(test, "promtool")("promtool accepts the scrape of either port", async () => {
  for (const input of Object.values(await scrapeBoth()))
    execFileSync("promtool", ["check", "metrics"], { input });
});

test("the scrape port serves /metrics and nothing else, and PROMETHEUS_AUTH=key closes it", async () => {
  const service = closeAfterwards(await startTestService({ PROMETHEUS_AUTH: "key" }));
  const ask = (path: string, init: RequestInit = {}) => fetch(new URL(path, service.prometheusUrl), init);
  assert.is((await ask("/metrics")).status, 401);
  assert.is((await ask("/metrics", { headers: { "x-api-key": WRITER_KEY } })).status, 403);
  assert.is((await ask("/metrics", { headers: { authorization: `Bearer ${ADMIN_KEY}` } })).status, 200);
  assert.is((await ask("/")).status, 404);
  const posted = await ask("/metrics", { method: "POST", body: "x" });
  assert.is(posted.status, 405);
  assert.is(posted.headers.get("allow"), "GET, HEAD");
});

test.run();
