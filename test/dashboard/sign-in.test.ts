import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, BETA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, rowsOf, settled, signIn } from "./browser.ts";
import { startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
const tool = (tool_name: string) => ({
  type: "tool_execution",
  value: 1,
  duration_ms: 5,
  dimensions: { tool_name },
});
await submit(url, ALPHA_KEY, "alpha", [tool("sort"), tool("sort")]);
await submit(url, BETA_KEY, "beta", [tool("find")]);

const open = (options = {}) => {
  if (browser === undefined) throw new Error("no browser");
  return openDashboard(browser, url, options);
};

test.after(async () => {
  await browser?.close();
  await close();
});

checked("nobody sees anything without a key, and a wrong one gets an error", async () => {
  const { page, elsewhere } = await open();
  await page.getByLabel("API key").fill("nobody-has-this-key");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "This key is not accepted: Invalid API key." }).waitFor();
  assert.is(await page.getByRole("navigation").count(), 0);
  assert.is(await page.evaluate("sessionStorage.length"), 0);
  assert.equal(elsewhere, []);
  await page.close();
});

checked("the key is asked for once a tab, stands in no address, and is forgotten at sign out", async () => {
  const { page, complaints } = await open({ hash: "#/tools?range=6h" });
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await signIn(page, readerKey);
  assert.is(await page.getByRole("heading", { level: 1 }).innerText(), "Tools");
  await page.reload();
  await settled(page);
  assert.not(addresses.concat(page.url()).some((address) => address.includes(readerKey)));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  await page.reload();
  await page.getByLabel("API key").waitFor();
  assert.is(await page.evaluate("sessionStorage.length + localStorage.length"), 0);
  assert.equal(complaints, []);
  await page.close();
});

checked("a key that is revoked while somebody looks signs out and says why", async () => {
  const { page } = await open({ key: ALPHA_KEY });
  await page.evaluate("sessionStorage.setItem('mcp-metrics.key', 'a-key-that-was-revoked')");
  await page.reload();
  await page.getByRole("alert").filter({ hasText: "Signed out: Invalid API key." }).waitFor();
  await page.close();
});

const PAGES = ["Overview", "Tools", "Services", "Servers", "Clients", "Events"];
const viewers = [
  { name: "a writer", key: ALPHA_KEY, pages: PAGES, services: ["alpha"], tools: ["sort"] },
  {
    name: "a reader",
    key: readerKey,
    pages: [...PAGES, "Directory"],
    services: ["alpha", "beta"],
    tools: ["sort", "find"],
  },
  {
    name: "an admin",
    key: ADMIN_KEY,
    pages: [...PAGES, "Directory", "Keys", "Storage"],
    services: ["alpha", "beta"],
    tools: ["sort", "find"],
  },
];
for (const { name, key, pages, services, tools } of viewers) {
  checked(`${name} sees what the key may see`, async () => {
    const { page, complaints } = await open({ key });
    const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
    assert.equal(await links.allInnerTexts(), pages);
    assert.equal(
      (await rowsOf(page, "Services")).map(([service]) => service),
      services,
    );
    assert.equal(
      (await rowsOf(page, "Top tools")).map(([shown]) => shown),
      tools,
    );
    const serviceFilter = page.getByRole("button", { name: /^Service / });
    assert.is(await serviceFilter.count(), name === "a writer" ? 0 : 1);
    assert.equal(complaints, []);
    await page.close();
  });
}

checked("an admin sees the keys with their limits, and what the database holds", async () => {
  const { page, complaints } = await open({ key: ADMIN_KEY, hash: "#/keys" });
  const keys = await rowsOf(page, "API keys and rate limits");
  const people = keys.find((row) => row[2] === "people");
  assert.match(people?.[1] ?? "", /^[A-Za-z0-9_-]{8}$/);
  assert.equal(people?.slice(2, 6), ["people", "reader", "active", "1,000,000"]);
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByRole("heading", { level: 1, name: "Storage" }).waitFor();
  await settled(page);
  const tables = await rowsOf(page, "Tables and retention");
  const tools = tables.find(([table]) => table === "tool_metrics");
  assert.equal([tools?.[1], tools?.[4], tools?.[5]], ["3", "90 days", "active"]);
  assert.equal(complaints, []);
  await page.close();
});

test.run();
