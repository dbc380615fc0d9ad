/** What each kind of key shows, and what is shown without one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, BETA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, pagesIn, rowsOf, settled, signIn } from "./browser.ts";
import { fillDirectory, startWithKeys, submit } from "./traffic.ts";

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
const { directory, options: admin } = await fillDirectory(url);
const { apiKey: serverKey } = await directory.registerServer({ serverId: "window", isPublic: true }, admin);
await directory.collect(
  { serverId: "window", metrics: [{ name: "api_requests", type: "counter", value: 3 }] },
  { headers: { "x-api-key": serverKey } },
);

const open = (options = {}) => {
  if (browser === undefined) throw new Error("no browser");
  return openDashboard(browser, url, options);
};

test.after(async () => {
  await browser?.close();
  await close();
});

checked("a server's own key shows that server's page and nothing else", async () => {
  for (const hash of ["", "#/directory/window", "#/directory/weather", "#/tools", "#/keys", "#/events"]) {
    const { page, complaints } = await open({ hash });
    // Its page is public, and open before anybody has signed in.
    if (hash === "#/directory/window") await page.getByRole("button", { name: "Sign in" }).click();
    await signIn(page, serverKey);
    assert.equal(await pagesIn(page), ["Server"], hash);
    assert.is(await page.getByRole("heading", { level: 1 }).textContent(), "Server window");
    assert.is(await page.locator('[data-stat="requests"] .stat-value').innerText(), "3");
    assert.is(await page.getByRole("region", { name: "Events", exact: true }).count(), 1);
    // Of a server that is not public the page learns no more than that, before somebody has signed in.
    const others = complaints.filter((text) => !(hash === "#/directory/weather" && text.includes("401")));
    assert.equal(others, [], hash);
    await page.close();
  }
});

checked(
  "a public server's page is for everybody; of others nobody learns whether they are there",
  async () => {
    const { page, complaints } = await open({ hash: "#/directory/window?period=1d" });
    await settled(page);
    assert.equal(await pagesIn(page), ["Server"]);
    assert.is(await page.locator('[data-stat="requests"] .stat-value').innerText(), "3");
    assert.is(await page.getByRole("region", { name: "Events", exact: true }).count(), 0);
    assert.is(await page.getByRole("link", { name: "Directory" }).count(), 0);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("tab", { name: "1 day", selected: true }).waitFor();
    assert.equal(complaints, []);
    for (const other of ["weather", "nobody"]) {
      await page.evaluate(`location.hash = '#/directory/${other}'`);
      await page.getByLabel("API key").waitFor();
      await page.reload();
      await page.getByRole("alert").filter({ hasText: "What this server reports is not public." }).waitFor();
    }
    await page.evaluate("location.hash = '#/tools'");
    await page.getByLabel("API key").waitFor();
    await page.evaluate("location.hash = '#/directory/window'");
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    await page.close();
  },
);

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
    assert.equal(await pagesIn(page), pages);
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
