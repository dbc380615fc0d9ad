import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatCount, formatDuration, formatShare, orNaN } from "../../src/dashboard/format/numbers.ts";
import { toChartData } from "../../src/dashboard/query/directory.ts";
import { needing } from "../support/needs.ts";
import { openBrowser, openDashboard, rowsOf, settled, statOf } from "./browser.ts";
import { fillDirectory, startWithKeys } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
const { directory, options: admin, name: NAME } = await fillDirectory(url);

test.after(async () => {
  await browser?.close();
  await close();
});

async function open(hash: string) {
  if (browser === undefined) throw new Error("no browser");
  // Signed in first: a page that is opened at a server asks whether it is public, which it is not.
  const opened = await openDashboard(browser, url, { key: readerKey });
  await opened.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await opened.page.getByRole("heading", { level: 1, name: hash.split("/").at(-1) ?? "" }).waitFor();
  await settled(opened.page);
  return opened;
}

checked("the directory lists its servers, and leads to the page of each", async () => {
  const { page, complaints } = await open("#/directory");
  const rows = await rowsOf(page, "Servers of the directory");
  assert.equal(
    rows.map(([, id, metrics, , tools]) => [id, metrics, tools]),
    [
      ["weather", "accepted", "1"],
      ["silent", "accepted", "0"],
    ],
  );
  assert.is(await page.locator("tbody bdi").first().textContent(), NAME);
  await page.locator("tbody a").first().click();
  await page.getByRole("tab", { name: "7 days", selected: true }).waitFor();
  assert.equal(complaints, []);
  await page.close();
});

checked("each period says what FetchMetrics says", async () => {
  const { page, complaints } = await open("#/directory/weather");
  const tabs = page.getByRole("tablist", { name: "Period" }).getByRole("tab");
  assert.equal(await tabs.allInnerTexts(), [
    "1 hour",
    "6 hours",
    "12 hours",
    "1 day",
    "7 days",
    "30 days",
    "90 days",
  ]);
  for (const [period, tab] of [
    ["1h", "1 hour"],
    ["1d", "1 day"],
    ["90d", "90 days"],
  ] as const) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await page.waitForURL(new RegExp(`period=${period}`));
    await settled(page);
    const { totals } = await directory.fetchMetrics({ serverId: "weather", period }, admin);
    const shown = await Promise.all(
      ["uptime", "latency", "requests", "installs"].map((id) => statOf(page, id)),
    );
    const expected = [
      formatShare(orNaN(totals?.uptime)),
      formatDuration(orNaN(totals?.latency)),
      formatCount(orNaN(totals?.requests)),
      formatCount(orNaN(totals?.installs)),
    ];
    assert.equal(shown, expected, period);
  }
  assert.equal(
    (await rowsOf(page, "Other metrics")).map(([name]) => name),
    ["queue_depth"],
  );
  const events = await rowsOf(page, "Events");
  assert.ok(events.some(([, type, , after]) => type === "deployment" && after === "2.0.0"));
  await page.goBack();
  await page.getByRole("tab", { name: "1 day", exact: true, selected: true }).waitFor();
  await page.keyboard.press("Tab");
  await page.getByRole("tab", { selected: true }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "7 days", selected: true }).waitFor();
  assert.equal(complaints, []);
  await page.close();
});

checked("a server that reported nothing says so, and one that is unknown is not made up", async () => {
  const { page } = await open("#/directory/silent");
  assert.is(await page.getByText("Not reported in this period.").count(), 5);
  await page.evaluate("location.hash = '#/directory/nobody'");
  await page.getByText("Server not found").first().waitFor();
  await page.close();
});

test("steps without values count nothing, and measured nothing", () => {
  const point = (ms: number, value: number) => ({
    $typeName: "mcp.directory.v1.Point" as const,
    timestamp: timestampFromMs(ms),
    value,
    percentiles: {},
  });
  const points = [point(60_000, 5), point(180_000, 6)];
  const line = { name: "n", color: "--series-1", points };
  const step = { $typeName: "google.protobuf.Duration" as const, seconds: 60n, nanos: 0 };
  const range = { startMs: 60_000, endMs: 230_000 };
  const { timesMs, lines } = toChartData(
    [
      { ...line, absent: 0 },
      { ...line, absent: null },
      { ...line, absent: 0, points: [] },
    ],
    { step },
    range,
  );
  assert.equal(timesMs, [60_000, 120_000, 180_000]);
  assert.equal(
    lines.map(({ values }) => values),
    [
      [5, 0, 6],
      [5, null, 6],
      [null, null, null],
    ],
  );
});

test.run();
