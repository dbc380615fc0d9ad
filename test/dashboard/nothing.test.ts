/** Panels that have nothing to show give the room away, and take it back. */
import type { Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, settled } from "./browser.ts";
import { fillDirectory, startWithKeys, submit, submitWorkload } from "./traffic.ts";

/** Title and a line of text, or two, with the space around them. */
const EMPTY_PX_MAX = 110;
/** A chart, or a ranking with some rows. */
const FULL_PX_MIN = 200;

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, close } = await startWithKeys();
await submitWorkload(url, ALPHA_KEY, "alpha", 300, 1);
const call = { type: "tool_execution", value: 1, duration_ms: 5, dimensions: { tool_name: "rare" } };
await submit(
  url,
  ALPHA_KEY,
  "seldom",
  Array.from({ length: 7 }, () => call),
);
await fillDirectory(url);

test.after(async () => {
  await browser?.close();
  await close();
});

async function open(hash: string, width: number) {
  if (browser === undefined) throw new Error("no browser");
  const viewport = { width, height: 900 };
  const opened = await openDashboard(browser, url, { key: ADMIN_KEY, viewport });
  await opened.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await opened.page.waitForURL((address) => address.hash === hash);
  await settled(opened.page);
  return opened;
}

/** Title, state and height of the panels with a title. */
async function panelsOf(page: Page) {
  const panels = await page.locator(".panel:not(.panel-strip)").all();
  return Promise.all(
    panels.map(async (panel) => ({
      title: await panel.locator("h2").innerText(),
      state: await panel.getAttribute("data-state"),
      px: (await panel.boundingBox())?.height ?? 0,
      hasBody: await panel.locator(".panel-body > :first-child").isVisible(),
    })),
  );
}

for (const width of [1440, 360]) {
  checked(`where there is nothing, there is a line for each panel, ${width} px wide`, async () => {
    for (const hash of ["#/?service=nobody", "#/servers/nobody", "#/tools?service=nobody"]) {
      const { page } = await open(hash, width);
      for (const { title, state, px, hasBody } of await panelsOf(page)) {
        assert.equal([state, hasBody], ["empty", false], `${hash} ${title}`);
        assert.ok(px <= EMPTY_PX_MAX, `${hash} ${title}: ${px}`);
      }
      await page.close();
    }
  });
}

checked("a panel with nothing is small also beside one that has something", async () => {
  const { page, complaints } = await open("#/?service=seldom", 1440);
  const panels = await panelsOf(page);
  const byState = (state: string) => panels.filter((panel) => panel.state === state);
  assert.equal(
    byState("ready").map(({ title }) => title),
    ["Real-time protocol activity", "Tool execution latency", "Top tools", "Services"],
  );
  assert.equal(
    byState("empty").map(({ title }) => title),
    ["Authentication flow", "Protocol flow latency", "Servers", "Clients"],
  );
  for (const { title, px } of byState("empty")) assert.ok(px <= EMPTY_PX_MAX, `${title}: ${px}`);
  for (const { title, px } of byState("ready")) assert.ok(px >= FULL_PX_MIN / 2, `${title}: ${px}`);
  const rate = page.locator('[data-stat="tool-calls"] .stat-note');
  assert.is(await rate.innerText(), "7/h", "a unit that shows a digit");
  assert.equal(complaints, []);
  await page.close();
});

checked("a panel that gets something again takes its room back, with its chart drawn", async () => {
  const { page, complaints } = await open("#/?service=nobody", 1440);
  await page.evaluate("location.hash = '#/'");
  await page.getByRole("button", { name: "Service any" }).waitFor();
  const auth = page.getByRole("region", { name: "Authentication flow", exact: true });
  await auth.locator("canvas").waitFor();
  await settled(page);
  const panels = await panelsOf(page);
  for (const title of ["Real-time protocol activity", "Authentication flow", "Top tools"]) {
    const found = panels.find((panel) => panel.title === title);
    assert.equal([found?.state, found?.hasBody], ["ready", true], title);
    assert.ok((found?.px ?? 0) >= FULL_PX_MIN, `${title}: ${found?.px}`);
  }
  const canvas = await auth.locator("canvas").boundingBox();
  assert.ok((canvas?.width ?? 0) > 300 && (canvas?.height ?? 0) > 100);
  assert.equal(complaints, []);
  await page.close();
});

checked("a directory's server that reports nothing is no page of empty charts", async () => {
  const { page, complaints } = await open("#/directory/silent", 1440);
  const panels = await panelsOf(page);
  const empty = panels.filter(({ state }) => state === "empty");
  assert.ok(empty.length >= 6, JSON.stringify(panels));
  for (const { title, px } of empty) assert.ok(px <= EMPTY_PX_MAX, `${title}: ${px}`);
  assert.equal(complaints, []);
  await page.close();
});

test.run();
