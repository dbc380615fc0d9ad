import axe from "axe-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, BETA_KEY } from "../support/service.ts";
import { keepScreenshot, openBrowser, openDashboard, settled, signIn } from "./browser.ts";
import { findIllegible } from "./legible.ts";
import { fillDirectory, startWithKeys, submitWorkload } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, close } = await startWithKeys();
await submitWorkload(url, ALPHA_KEY, "alpha", 800, 1);
await submitWorkload(url, BETA_KEY, "beta", 400, 2);
await fillDirectory(url);

test.after(async () => {
  await browser?.close();
  await close();
});

function open(options: Parameters<typeof openDashboard>[2]) {
  if (browser === undefined) throw new Error("no browser");
  return openDashboard(browser, url, options);
}

type Opened = Awaited<ReturnType<typeof openDashboard>>["page"];

/** What a screen reader or a weak eye would stumble over: rules of WCAG 2.2 AA and good practice. */
async function findViolations(page: Opened): Promise<string[]> {
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

const VIEWS = {
  "signed-out": undefined,
  overview: "#/",
  empty: "#/?service=nobody",
  tools: "#/tools?by=p95",
  tool: "#/tools/get_issue",
  service: "#/services/alpha?range=24h",
  server: "#/servers/github",
  events: "#/events",
  directory: "#/directory",
  "directory-server": "#/directory/weather?period=1h",
  keys: "#/keys",
  storage: "#/storage",
};
const WIDTHS = { wide: 1440, half: 860, narrow: 420, least: 360 };
/** One width in each theme is searched: colours are those of the theme, order that of the width. */
const SEARCHED = { light: "wide", dark: "narrow" };

for (const theme of ["light", "dark"] as const) {
  checked(`no view has a barrier, is too wide or cuts anything off, in ${theme}`, async () => {
    const { page, complaints } = await open({ colorScheme: theme, reducedMotion: "reduce" });
    const found: Record<string, string[]> = {};
    for (const [view, hash] of Object.entries(VIEWS)) {
      if (view === "overview") await signIn(page, ADMIN_KEY);
      if (hash !== undefined) await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      for (const [size, width] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width, height: 900 });
        if (hash !== undefined) await settled(page);
        await keepScreenshot(page, `${view}-${size}-${theme}`);
        const isTooWide = Number(await page.evaluate("document.documentElement.scrollWidth")) > width;
        const barriers = SEARCHED[theme] === size ? await findViolations(page) : [];
        const all = [...barriers, ...(await findIllegible(page)), ...(isTooWide ? ["too wide"] : [])];
        if (all.length > 0) found[`${view} ${size}`] = all;
      }
    }
    assert.equal([found, complaints], [{}, []]);
    await page.close();
  });
}

for (const locale of ["en-US", "de-DE"]) {
  checked(`a time is typed into fields that show the whole of it, in ${locale}`, async () => {
    const viewport = { width: 360, height: 900 };
    const { page } = await open({ key: ADMIN_KEY, locale, viewport, reducedMotion: "reduce" });
    for (const name of ["Time: Last hour", "Service any"]) {
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog", { name }).waitFor();
      assert.equal(await findIllegible(page), []);
      await page.keyboard.press("Escape");
    }
    await page.close();
  });
}

checked("open menus have no barrier, close with Escape and give the focus back", async () => {
  const { page } = await open({ key: ADMIN_KEY, reducedMotion: "reduce" });
  for (const name of ["Service any", "Time: Last hour"]) {
    const button = page.getByRole("button", { name });
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name }).waitFor();
    if (name.startsWith("Service")) await page.getByRole("option").first().waitFor();
    await keepScreenshot(page, `menu-${name.split(/\W/)[0]?.toLowerCase()}`);
    assert.equal(await findViolations(page), []);
    await page.keyboard.press("Escape");
    assert.is(await page.getByRole("dialog").count(), 0);
    assert.is(await button.evaluate((node) => node.matches(":focus")), true);
  }
  await page.close();
});

checked("everything can be done with the keyboard alone", async () => {
  const { page } = await open({ key: ADMIN_KEY });
  await page.evaluate("document.activeElement.blur()");
  await page.keyboard.press("Tab");
  assert.is(await page.locator(":focus").innerText(), "Skip to content");
  await page.keyboard.press("Enter");
  assert.is(await page.locator(":focus").getAttribute("id"), "main");
  await page.getByRole("button", { name: "Service any" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.type("bet");
  await page.keyboard.press("Enter");
  await page.waitForURL(/service=beta/);
  await settled(page);
  const chart = page.getByRole("group", { name: /^Authentication flow/ });
  await chart.focus();
  await page.keyboard.press("End");
  await page.getByRole("region", { name: "Authentication flow", exact: true }).locator(".tooltip").waitFor();
  const spoken = page
    .getByRole("region", { name: "Authentication flow", exact: true })
    .locator("[aria-live]");
  assert.match((await spoken.textContent()) ?? "", /\d\d:\d\d.*Success \d+/);
  await page.close();
});

checked("the theme follows the system until one is chosen, which is kept", async () => {
  const { page } = await open({ key: ADMIN_KEY, colorScheme: "dark" });
  const theme = () => page.locator("html").getAttribute("data-theme");
  assert.is(await theme(), "dark");
  await page.emulateMedia({ colorScheme: "light" });
  // The page is told with its next frame.
  await page.locator('html[data-theme="light"]').waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Switch between light and dark" }).click();
  assert.is(await theme(), "dark");
  await page.reload();
  await page.getByLabel("API key").waitFor();
  assert.is(await theme(), "dark");
  await page.close();
});

test.run();
