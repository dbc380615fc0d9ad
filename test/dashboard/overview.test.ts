import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FilterOperator, SummaryGroup } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { formatCount, formatDuration, formatShare } from "../../src/dashboard/format/numbers.ts";
import { parseHash } from "../../src/dashboard/state/page-url.ts";
import { HOUR_MS } from "../../src/lib/time.ts";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY, BETA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, rowsOf, settled, statOf } from "./browser.ts";
import { queryClient, startWithKeys, submitWorkload } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
await submitWorkload(url, ALPHA_KEY, "alpha", 600, 1);
await submitWorkload(url, BETA_KEY, "beta", 300, 2);
const query = queryClient(url);

test.after(async () => {
  await browser?.close();
  await close();
});

async function open(hash = "") {
  if (browser === undefined) throw new Error("no browser");
  const opened = await openDashboard(browser, url, { key: readerKey, hash });
  await settled(opened.page);
  return opened;
}

const lastHour = () => ({ start: timestampFromMs(Date.now() - HOUR_MS), end: timestampFromMs(Date.now()) });
const only = (service?: string) =>
  service === undefined ? [] : [{ dimension: "service", operator: FilterOperator.EQUALS, values: [service] }];

/** What the numbers at the top must say, from the service's own answer. */
async function expectedStats(service?: string) {
  const types = ["auth_request", "tool_execution", "tool_discovery", "protocol_latency"];
  const statistics = ["count", "error_rate", "p95"];
  const group = SummaryGroup.TYPE;
  const answer = await query.summary({ group, types, statistics, range: lastHour(), filters: only(service) });
  const of = (type: string) => answer.rows.find(({ name }) => name === type)?.statistics ?? {};
  return {
    "tool-calls": formatCount(of("tool_execution").count ?? Number.NaN),
    "auth-success": formatShare(1 - (of("auth_request").error_rate ?? Number.NaN)),
    "tool-errors": formatShare(of("tool_execution").error_rate ?? Number.NaN),
    "tool-p95": formatDuration(of("tool_execution").p95 ?? Number.NaN),
    flow: formatDuration(of("protocol_latency").p95 ?? Number.NaN),
    discovery: formatCount(of("tool_discovery").count ?? Number.NaN),
  };
}

async function shownStats(page: Parameters<typeof statOf>[0]) {
  const ids = ["tool-calls", "auth-success", "tool-errors", "tool-p95", "flow", "discovery"];
  return Object.fromEntries(await Promise.all(ids.map(async (id) => [id, await statOf(page, id)])));
}

checked("the overview says what QueryService says", async () => {
  const { page, complaints, elsewhere } = await open();
  assert.equal(await shownStats(page), await expectedStats());
  const top = await query.topValues({
    dimension: "tool",
    types: ["tool_execution"],
    limit: 8,
    statistics: ["p95"],
    range: lastHour(),
  });
  const shown = (await rowsOf(page, "Top tools")).map(([tool, count, , , p95]) => [tool, count, p95]);
  const expected = top.rows.map(({ value, statistics }) => [
    value,
    formatCount(statistics.count ?? Number.NaN),
    formatDuration(statistics.p95 ?? Number.NaN),
  ]);
  assert.equal(shown, expected);
  assert.equal([complaints, elsewhere], [[], []]);
  await page.close();
});

checked("a chart's table adds up to what was submitted", async () => {
  const { page, complaints } = await open();
  const panel = page.getByRole("region", { name: "Authentication flow", exact: true });
  await panel.getByRole("button", { name: "Show Authentication flow as a table" }).click();
  const rows = await panel.locator("tbody tr").all();
  const cells = await Promise.all(rows.map((row) => row.locator("td").allInnerTexts()));
  const sum = (at: number) => cells.reduce((total, row) => total + Number(row[at]), 0);
  const { rows: answered } = await query.summary({
    group: SummaryGroup.TYPE,
    types: ["auth_request"],
    statistics: ["successes", "errors"],
    range: lastHour(),
  });
  const { successes, errors } = answered[0]?.statistics ?? {};
  assert.equal([sum(0), sum(1)], [successes, errors]);
  assert.equal(complaints, []);
  await page.close();
});

checked(
  "a filter narrows every number, stands in the address, and goes back with the back button",
  async () => {
    const { page, complaints } = await open();
    await page.getByRole("button", { name: "Service any" }).click();
    await page.getByRole("option", { name: /^beta/ }).click();
    await page.getByRole("button", { name: "Service beta" }).waitFor();
    await settled(page);
    assert.equal(parseHash(new URL(page.url()).hash).filters, { service: "beta" });
    assert.equal(await shownStats(page), await expectedStats("beta"));
    assert.equal(
      (await rowsOf(page, "Services")).map(([service]) => service),
      ["beta"],
    );
    await page.goBack();
    await page.getByRole("button", { name: "Service any" }).waitFor();
    await settled(page);
    assert.equal(await shownStats(page), await expectedStats());
    assert.equal(complaints, []);
    await page.close();
  },
);

checked("dragging over a chart shows that time, on every chart and in the address", async () => {
  const { page, complaints } = await open();
  const plot = page.getByRole("region", { name: "Authentication flow", exact: true }).locator(".u-over");
  const box = await plot.boundingBox();
  if (box === null) throw new Error("no chart");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.25, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, y, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=/);
  await settled(page);
  const { range } = parseHash(new URL(page.url()).hash);
  if (range.kind !== "fixed") throw new Error("no fixed time");
  assert.ok(Math.abs(range.toMs - range.fromMs - HOUR_MS / 4) < 60_000, "a quarter of the hour");
  const { totals } = await query.summary({
    group: SummaryGroup.TYPE,
    types: ["tool_execution"],
    statistics: ["count"],
    range: { start: timestampFromMs(range.fromMs), end: timestampFromMs(range.toMs) },
  });
  assert.is(await statOf(page, "tool-calls"), formatCount(totals.count ?? Number.NaN));
  assert.equal(complaints, []);
  await page.close();
});

checked("another period is chosen with two clicks, and any time by its beginning and end", async () => {
  const { page, complaints } = await open();
  await page.getByRole("button", { name: /^Time:/ }).click();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await page.waitForURL(/range=7d/);
  await settled(page);
  await page.getByRole("button", { name: "Time: Last 7 days" }).click();
  await page.getByLabel("To", { exact: true }).fill("2020-01-01T00:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "The end must come after the beginning." }).waitFor();
  await page.getByLabel("From", { exact: true }).fill("2019-12-31T00:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/from=2019/);
  await settled(page);
  assert.is(await statOf(page, "tool-calls"), "0");
  await page.getByText("No MCP requests in this time.").waitFor();
  assert.equal(complaints, []);
  await page.close();
});

checked("a panel that has nothing says whether a filter is why", async () => {
  const { page, complaints } = await open("#/?client=nobody");
  await page.getByText("No authentications: they are not told apart by client.").waitFor();
  await page.getByText("No MCP requests in this time.").waitFor();
  await page.getByText(/^Nothing was submitted\. Choose a longer time or fewer filters/).waitFor();
  assert.equal(complaints, []);
  await page.close();
});

checked("a link to a page shows what its sender saw", async () => {
  const { rows } = await query.topValues({ dimension: "tool", types: ["tool_execution"], range: lastHour() });
  const tool = rows[0]?.value ?? "";
  const { page, complaints } = await open(`#/tools/${tool}?service=alpha`);
  assert.is(await page.getByRole("heading", { level: 1 }).textContent(), `Tool ${tool}`);
  const filters = [...only("alpha"), { dimension: "tool", operator: FilterOperator.EQUALS, values: [tool] }];
  const { totals } = await query.summary({
    group: SummaryGroup.TYPE,
    statistics: ["count", "p99"],
    range: lastHour(),
    filters,
  });
  assert.equal(
    [await statOf(page, "count"), await statOf(page, "p99")],
    [formatCount(totals.count ?? Number.NaN), formatDuration(totals.p99 ?? Number.NaN)],
  );
  assert.equal(complaints, []);
  await page.close();
});

test.run();
