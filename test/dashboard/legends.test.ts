/** A legend's numbers are of the whole time that is shown, say what they are, and agree with the tiles. */
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  SummaryGroup,
  SummaryResponseSchema,
  TopValuesResponseSchema,
} from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { formatCount, formatDuration, orNaN } from "../../src/dashboard/format/numbers.ts";
import { wholeCounts } from "../../src/dashboard/panels/charted.ts";
import { nameFlowStep } from "../../src/dashboard/panels/flow-steps.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openSettled, statOf } from "./browser.ts";
import { queryClient, startWithKeys, submit, submitWorkload } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
await submitWorkload(url, ALPHA_KEY, "alpha", 900, 3);
// More methods than there are colours, and calls without one.
await submit(
  url,
  ALPHA_KEY,
  "alpha",
  Array.from({ length: 40 }, (_, at) => ({
    type: "tool_execution",
    value: 1,
    timestamp: Date.now() - 20 * MINUTE_MS,
    dimensions: { ...(at < 30 && { method: `rare/${at % 15}` }), tool_name: "sort", server_name: "github" },
  })),
);
const query = queryClient(url);

test.after(async () => {
  await browser?.close();
  await close();
});

const open = (hash: string) => openSettled(browser, url, { key: readerKey, hash });

/** Name and number of each line. */
async function legendOf(page: Page, title: string): Promise<Record<string, string>> {
  const items = page.getByRole("region", { name: title, exact: true }).locator("button.legend-item");
  const pairs = (await items.all()).map(async (item) => [
    await item.locator("bdi").innerText(),
    await item.locator(".number").innerText(),
  ]);
  return Object.fromEntries(await Promise.all(pairs));
}

const noteOf = (page: Page, id: string) => page.locator(`[data-stat="${id}"] .stat-note`).innerText();

/** Times that cut the steps of a chart, and what happened in them, as the service says it. */
const nowMs = Date.now();
const TIMES = [
  { name: "the last hour", hash: "#/", startMs: nowMs - HOUR_MS, endMs: nowMs },
  ...[
    [37, 11],
    [41.35, 20.7],
  ].map(([from = 0, to = 0]) => {
    const [startMs = 0, endMs = 0] = [from, to].map(
      (ago) => Math.floor((nowMs - ago * MINUTE_MS) / 1000) * 1000,
    );
    const text = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
    return {
      name: `${from} to ${to} minutes ago`,
      hash: `#/?from=${text(startMs)}&to=${text(endMs)}`,
      startMs,
      endMs,
    };
  }),
];

const UNIT_MINUTES: Readonly<Record<string, number>> = { s: 60, min: 1, h: 1 / 60 };

for (const { name, hash, startMs, endMs } of TIMES) {
  checked(`the overview's legends say of the whole time what its tiles say: ${name}`, async () => {
    const { page, complaints } = await open(hash);
    const range = { start: timestampFromMs(startMs), end: timestampFromMs(endMs) };
    const latency = await legendOf(page, "Tool execution latency");
    assert.equal(Object.keys(latency), ["P50", "P95", "P99"]);
    assert.is(latency.P95, `overall ${await statOf(page, "tool-p95")}`);
    assert.is(`P50 ${latency.P50?.replace("overall ", "")}`, await noteOf(page, "tool-p95"));

    const outcomes = await legendOf(page, "Authentication flow");
    const [failed = "", all = ""] =
      /^(\S+) of (\S+) failed$/.exec(await noteOf(page, "auth-success"))?.slice(1) ?? [];
    assert.is(outcomes.Failure, `total ${failed}`);
    assert.is(outcomes.Success, `total ${formatCount(Number(all.replace(",", "")) - Number(failed))}`);

    const flow = await query.topValues({
      types: ["protocol_latency"],
      dimension: "flow_step",
      statistics: ["p95"],
      range,
    });
    assert.equal(
      await legendOf(page, "Protocol flow latency"),
      Object.fromEntries(
        flow.rows.map(({ value, statistics }) => [
          nameFlowStep(value),
          `overall ${formatDuration(orNaN(statistics.p95))}`,
        ]),
      ),
    );

    const rates = await legendOf(page, "Real-time protocol activity");
    const perMinute = Object.entries(rates).map(([line, text]) => {
      const [, rate = "", unit = ""] = /^avg ([\d.,]+)\/(s|min|h)$/.exec(text) ?? [];
      assert.ok(Number(rate) > 0, `${line}: ${text}`);
      return Number(rate) * (UNIT_MINUTES[unit] ?? Number.NaN);
    });
    const { totals } = await query.summary({
      group: SummaryGroup.TYPE,
      types: ["tool_execution"],
      statistics: ["count"],
      range,
    });
    const expected = orNaN(totals.count) / ((endMs - startMs) / MINUTE_MS);
    const sum = perMinute.reduce((total, rate) => total + rate, 0);
    assert.ok(Math.abs(sum / expected - 1) < 0.01, `${sum} and ${expected}: ${JSON.stringify(rates)}`);
    assert.equal(complaints, []);
    await page.close();
  });
}

checked("the legends of a server's page agree with its tiles", async () => {
  const { page, complaints } = await open("#/servers/github");
  const latency = await legendOf(page, "Latency");
  const tiles = await Promise.all(["p50", "p95", "p99"].map((id) => statOf(page, id)));
  assert.equal(
    Object.values(latency),
    tiles.map((text) => `overall ${text}`),
  );
  const outcomes = await legendOf(page, "Outcome");
  assert.is(`${outcomes.Failure?.replace("total ", "")} failed`, await noteOf(page, "errors"));
  const count = ["Success", "Failure", "Unknown"]
    .map((name) => Number(outcomes[name]?.replace("total ", "") ?? 0))
    .reduce((sum, each) => sum + each);
  assert.is(formatCount(count), await statOf(page, "count"));
  assert.is(outcomes.Unknown, "total 40", "calls that do not say how they ended");
  assert.equal(complaints, []);
  await page.close();
});

const counted = (all: number, rows: Readonly<Record<string, number>>) => ({
  whole: create(SummaryResponseSchema, { totals: { count: all } }),
  values: create(TopValuesResponseSchema, {
    rows: Object.entries(rows).map(([value, count]) => ({ value, statistics: { count } })),
  }),
});
const hundred = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`method ${at}`, 2]));
const counts: readonly [
  name: string,
  charted: Parameters<typeof wholeCounts>[0],
  lines: readonly (string | undefined)[],
  expected: readonly number[],
][] = [
  ["each its own", counted(7, { a: 4, b: 3 }), ["a", "b"], [4, 3]],
  ["those without a value", counted(9, { a: 4, b: 3 }), ["a", "", "b"], [4, 2, 3]],
  ["the rest", counted(9, { a: 4, b: 3, c: 2 }), ["a", undefined], [4, 5]],
  ["the rest, and those without", counted(12, { a: 4, b: 3, c: 2 }), ["", "a", undefined], [3, 4, 5]],
  ["a value of just before", counted(4, { a: 4 }), ["a", "b"], [4, 0]],
  ["more values than are ranked", counted(300, hundred), ["method 3", undefined], [2, 298]],
  [
    "those without, among so many",
    counted(300, hundred),
    ["method 3", "", undefined],
    [2, Number.NaN, Number.NaN],
  ],
  ["one that is not ranked, among so many", counted(300, hundred), ["x"], [Number.NaN]],
  ["nothing", counted(0, {}), [], []],
];
for (const [name, charted, lines, expected] of counts) {
  test(`the lines of a chart share the whole time's metrics: ${name}`, () => {
    assert.equal(wholeCounts(charted, lines).map(String), expected.map(String));
  });
}

test.run();
