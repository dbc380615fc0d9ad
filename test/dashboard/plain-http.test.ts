/**
 * A page over plain HTTP on a host with a name. Of such a host browsers say less: `Sec-Fetch-Site` to nobody, and
 * `Origin` with a GET to nobody of the same origin.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NAMED_HOST } from "../../bench/chromium.ts";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, rowsOf, settled, signIn } from "./browser.ts";
import { startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const started = await startWithKeys();
const named = started.url.replace("127.0.0.1", NAMED_HOST);
const metric = { type: "tool_execution", value: 1, dimensions: { tool_name: "sort" } };
await submit(started.url, ALPHA_KEY, "alpha", [metric]);

/** A page of somebody else, on whatever name it is asked for. */
const others = createServer((_, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end("<!doctype html><title>of others</title>");
});
await once(others.listen(0, "127.0.0.1"), "listening");
const { port } = others.address() as AddressInfo;

test.after(async () => {
  await browser?.close();
  others.close();
  others.closeAllConnections();
  await started.close();
});

/** A browser that stays signed in. */
async function openSignedIn() {
  if (browser === undefined) throw new Error("no browser");
  const { page } = await openDashboard(browser, named, { hash: "#/tools" });
  await page.getByLabel("Stay signed in on this browser").check();
  await signIn(page, started.readerKey);
  return page;
}

checked("a browser stays signed in over a reload and in other tabs, until somebody signs out", async () => {
  const page = await openSignedIn();
  const second = await page.context().newPage();
  const sent: Record<string, string>[] = [];
  for (const tab of [page, second]) {
    tab.on("request", (request) => sent.push(request.headers()));
    await tab.goto(`${named}/dashboard#/tools`);
    await tab.reload();
    await settled(tab);
    assert.equal(
      (await rowsOf(tab, "Tools")).map(([name]) => name),
      ["sort"],
    );
  }
  const known = sent.filter((headers) => headers["x-api-key"] ?? headers["sec-fetch-site"]);
  assert.equal(known, [], "no key is sent, and nothing that only hosts with TLS are told");
  await second.getByRole("button", { name: "Sign out" }).click();
  await second.getByLabel("API key").waitFor();
  await page.reload();
  await page.getByLabel("API key").waitFor();
  await page.context().close();
});

/** What the browser shows after the form of a page at `from` has led there. */
async function leadFrom(page: Page, from: string, method: "get" | "post", path: string): Promise<string> {
  await page.goto(from);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().startsWith(`${named}${path}`)),
    page.evaluate(`
      document.body.innerHTML = '<form method="${method}" action="${named}${path}"></form>';
      document.forms[0].submit()`),
  ]);
  return answer.text();
}

/** What a script of the page that is open reads there, with the cookies that the browser has for it. */
function readWithCookies(page: Page, path: string): Promise<unknown> {
  const asking = `fetch("${named}${path}", { method: "POST", credentials: "include" })`;
  return page.evaluate(`${asking}.then((answer) => answer.json(), () => "nothing")`);
}

checked("pages of others get nothing with the session, from another port or another site", async () => {
  const page = await openSignedIn();
  const places = {
    "another port, to which the browser sends the cookie": `http://${NAMED_HOST}:${port}/`,
    "a name below": `http://below.${NAMED_HOST}:${port}/`,
    "another site": `http://others.example:${port}/`,
  };
  for (const [place, from] of Object.entries(places)) {
    const who = await leadFrom(page, from, "post", "/session/identity");
    assert.equal(JSON.parse(who), { signed_in: false }, place);
    const csv = await leadFrom(page, from, "get", "/api/export.csv");
    assert.is(JSON.parse(csv).error, "api_key_missing", place);
    await page.goto(from);
    assert.is(await readWithCookies(page, "/session/identity"), "nothing", place);
  }
  await page.goto(`${named}/dashboard`);
  const own = await readWithCookies(page, "/session/identity");
  assert.equal(own, { signed_in: true, service: "people", role: "reader" }, "the place makes the difference");
  await page.context().close();
});

test.run();
