/** Whose clock the times of a page are by, as readers in several zones see it. */
import type { Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseHash } from "../../src/dashboard/state/page-url.ts";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, settled, signIn } from "./browser.ts";
import { fillDirectory, startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, close } = await startWithKeys();
/** A minute before midnight UTC, yesterday: another day in many zones. */
const AT_MS = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 60_000;
const metric = { type: "tool_execution", value: 1, duration_ms: 5, dimensions: { tool_name: "sort" } };
await submit(url, ALPHA_KEY, "alpha", [{ ...metric, timestamp: AT_MS }]);
await fillDirectory(url);

test.after(async () => {
  await browser?.close();
  await close();
});

const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);
const around = `from=${iso(AT_MS - 600_000)}Z&to=${iso(AT_MS + 600_000)}Z`;

async function open(timezoneId: string, hash: string, locale = "en-US") {
  if (browser === undefined) throw new Error("no browser");
  const opened = await openDashboard(browser, url, { key: ADMIN_KEY, hash, timezoneId, locale });
  await settled(opened.page);
  return opened;
}

const zoneButton = (page: Page) => page.getByRole("button", { name: /^Time zone: / });
const zoneOf = (page: Page) => zoneButton(page).innerText();
/** The time of the only event, as the page writes it. */
const timeOf = (page: Page) => page.locator(".event-time").innerText();
const rangeOf = (page: Page) => page.getByRole("button", { name: /^Time: / }).innerText();

/** As the page writes a moment, by the clock of a zone. */
function written(ms: number, timeZone: string): string {
  const parts = { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...parts }).format(ms);
}

const readers = [
  { zone: "America/New_York", locale: "en-US" },
  { zone: "Asia/Kolkata", locale: "en-US" },
  { zone: "Europe/Berlin", locale: "de-DE" },
  { zone: "Pacific/Auckland", locale: "ar" },
];
for (const { zone, locale } of readers) {
  checked(`times are of the zone that is named: ${zone}, and UTC with one click`, async () => {
    const { page, complaints } = await open(zone, `#/events?${around}`, locale);
    assert.match(await zoneOf(page), zone === "Asia/Kolkata" ? /^Asia\/(Kolkata|Calcutta)$/ : zone);
    assert.is(await timeOf(page), written(AT_MS, zone));
    const local = await rangeOf(page);
    await zoneButton(page).click();
    await page.waitForURL(/zone=utc/);
    await settled(page);
    await page.locator(".event-time", { hasText: written(AT_MS, "UTC") }).waitFor();
    assert.is(await zoneOf(page), "UTC");
    assert.is.not(await rangeOf(page), local);
    await page.goBack();
    await page.locator(".event-time", { hasText: written(AT_MS, zone) }).waitFor();
    assert.is(await rangeOf(page), local);
    assert.equal(complaints, []);
    await page.close();
  });
}

checked("a link in UTC shows everybody the same, and the zone stays from page to page", async () => {
  const seen: string[][] = [];
  for (const zone of ["America/New_York", "Asia/Kolkata", "UTC"]) {
    const { page } = await open(zone, `#/events?${around}&zone=utc`);
    const event = await timeOf(page);
    const range = await rangeOf(page);
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("button", { name: "Show Tool execution latency as a table" }).click();
    const latency = page.getByRole("region", { name: "Tool execution latency", exact: true });
    const points = await latency.locator("tbody th").allInnerTexts();
    await page.getByRole("link", { name: "Storage" }).click();
    assert.is(await zoneOf(page), "UTC");
    seen.push([event, range, ...points]);
    await page.close();
  }
  assert.equal([seen[1], seen[2]], [seen[0], seen[0]]);
  assert.is(seen[0]?.[0], written(AT_MS, "UTC"));
});

checked("what is typed is read by the clock that the page shows", async () => {
  for (const [query, expected] of [
    ["", "2026-02-03T05:00:00.000Z"],
    ["?zone=utc", "2026-02-03T00:00:00.000Z"],
  ] as const) {
    const { page } = await open("America/New_York", `#/${query}`);
    await page.getByRole("button", { name: /^Time: / }).click();
    const named = query === "" ? "America/New_York" : "UTC";
    await page.getByText(`From and to, in ${named}`).waitFor();
    await page.getByLabel("From", { exact: true }).fill("2026-02-03T00:00");
    await page.getByLabel("To", { exact: true }).fill("2026-02-03T00:30");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForURL(/from=2026/);
    const { range } = parseHash(new URL(page.url()).hash);
    assert.is(range.kind === "fixed" && new Date(range.fromMs).toISOString(), expected);
    assert.match(await rangeOf(page), "3 Feb, 00:00:00 – 00:30:00");
    await page.close();
  }
});

checked(
  "where the reader's zone is UTC there is nothing to change, and it is named all the same",
  async () => {
    const { page } = await open("UTC", "#/directory");
    assert.is(await zoneOf(page), "UTC");
    assert.is(await zoneButton(page).isDisabled(), true);
    await page.evaluate("location.hash = '#/directory/weather?period=1d'");
    await zoneButton(page).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn(page, ADMIN_KEY);
    await page.close();
  },
);

test.run();
