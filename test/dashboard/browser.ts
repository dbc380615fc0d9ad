/** A headless Chromium that looks at the pages of a service. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openChromium } from "../../bench/chromium.ts";

const SCREENSHOTS = fileURLToPath(new URL("../../../build/screenshots/", import.meta.url));
/** How long anything on the page may take before the test gives up; not a measure of anything. */
const PATIENCE_MS = 20_000;

/** Undefined where there is no Chromium; what needs one is declared by `needing`. The caller closes it. */
export const openBrowser: () => Promise<Browser | undefined> = openChromium;

export interface OpenedPage {
  readonly page: Page;
  /** What the console complained about, violations of the content security policy included. */
  readonly complaints: string[];
  /** Requests that went elsewhere than to the service. */
  readonly elsewhere: string[];
}

export interface OpenOptions extends BrowserContextOptions {
  /** Signs in; undefined: nobody. */
  readonly key?: string;
  readonly hash?: string;
}

/** Open the dashboard in a new window, with nothing kept from others. */
export async function openDashboard(
  browser: Browser,
  url: string,
  { key, hash = "", ...context }: OpenOptions = {},
): Promise<OpenedPage> {
  const opened = await openPage(browser, url, `/dashboard${hash}`, context);
  if (key !== undefined) await signIn(opened.page, key);
  return opened;
}

/** Open any page of the service at `url`. */
export async function openPage(
  browser: Browser,
  url: string,
  path: string,
  context: BrowserContextOptions = {},
): Promise<OpenedPage> {
  // Not `newPage`: its context would take no second tab.
  const opened = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  const page = await opened.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("request", (request) => {
    const sent = request.url();
    if (!sent.startsWith(`${url}/`) && !sent.startsWith("data:")) elsewhere.push(sent);
  });
  await page.goto(url + path);
  return { page, complaints, elsewhere };
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  await settled(page);
}

/** Wait until every panel shows what it was asked for. */
export async function settled(page: Page): Promise<void> {
  const busy = page.locator('.panel[data-state="loading"], .panel.is-superseded, [aria-busy="true"]');
  await page.locator(".panel").first().waitFor();
  while ((await busy.count()) > 0)
    await busy
      .first()
      .waitFor({ state: "detached" })
      .catch(() => undefined);
}

/** A page with all that it shows. */
export async function openSettled(
  browser: Browser | undefined,
  url: string,
  options: OpenOptions,
): Promise<OpenedPage> {
  if (browser === undefined) throw new Error("no browser");
  const opened = await openDashboard(browser, url, options);
  await settled(opened.page);
  return opened;
}

/** The links of the navigation. */
export function pagesIn(page: Page): Promise<string[]> {
  return page.getByRole("navigation", { name: "Pages" }).getByRole("link").allInnerTexts();
}

/** What a number at the top says. */
export async function statOf(page: Page, id: string): Promise<string> {
  return page.locator(`[data-stat="${id}"] .stat-value`).innerText();
}

/** The body of a table's rows, cell by cell. */
export async function rowsOf(page: Page, panelTitle: string): Promise<string[][]> {
  const rows = page.getByRole("region", { name: panelTitle, exact: true }).locator("tbody tr");
  return Promise.all((await rows.all()).map((row) => row.locator("th, td").allInnerTexts()));
}

/** Keep what a page looks like, for people to look at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}
