import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContext, Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, BETA_KEY, NEW_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, rowsOf, settled, signIn } from "./browser.ts";
import { fillDirectory, startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close, service } = await startWithKeys();
const tool = (tool_name: string) => ({
  type: "tool_execution",
  value: 1,
  duration_ms: 5,
  dimensions: { tool_name },
});
await submit(url, ALPHA_KEY, "alpha", [tool("sort"), tool("sort")]);
await submit(url, BETA_KEY, "beta", [tool("find")]);
await fillDirectory(url);

const open = (options = {}) => {
  if (browser === undefined) throw new Error("no browser");
  return openDashboard(browser, url, options);
};
const form = (page: Page) => page.getByLabel("API key");
const alert = (page: Page, text: string) => page.getByRole("alert").filter({ hasText: text }).waitFor();
const stored = (page: Page) =>
  page.evaluate("[document.cookie, JSON.stringify(sessionStorage), JSON.stringify(localStorage)].join()");

test.after(async () => {
  await browser?.close();
  await close();
});

checked("nobody sees anything without a key, and a wrong one gets an error", async () => {
  const { page, elsewhere } = await open();
  await form(page).fill("nobody-has-this-key");
  await page.getByRole("button", { name: "Sign in" }).click();
  await alert(page, "This key is not accepted: Invalid API key.");
  assert.is(await page.getByRole("navigation").count(), 0);
  assert.is(await stored(page), ",{},{}");
  assert.equal(elsewhere, []);
  await page.close();
});

checked("the key stands in no address and no storage, and is forgotten with the page", async () => {
  const { page, complaints } = await open({ hash: "#/tools?range=6h" });
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await signIn(page, readerKey);
  assert.is(await page.getByRole("heading", { level: 1 }).innerText(), "Tools");
  assert.not(addresses.concat(page.url()).some((address) => address.includes(readerKey)));
  assert.is(await stored(page), ",{},{}");
  assert.equal(await page.context().cookies(), []);
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).waitFor();
  await signIn(page, readerKey);
  await page.reload();
  await form(page).waitFor();
  assert.equal(complaints, []);
  await page.close();
});

/** Sign in so that the browser remembers it. */
async function stay(page: Page, key: string): Promise<void> {
  await page.getByLabel("Stay signed in on this browser").check();
  await signIn(page, key);
}

const sessionsOf = (context: BrowserContext) =>
  context
    .cookies()
    .then((cookies) => cookies.map(({ name: _name, value: _value, expires, ...rest }) => rest));

checked(
  "a browser that stays signed in does so in every tab, without the key, until somebody signs out",
  async () => {
    const { page, complaints } = await open({ hash: "#/tools" });
    await stay(page, readerKey);
    const context = page.context();
    assert.equal(await sessionsOf(context), [
      { domain: "127.0.0.1", path: "/", httpOnly: true, secure: false, sameSite: "Strict" },
    ]);
    const [cookie] = await context.cookies();
    const days = ((cookie?.expires ?? 0) * 1000 - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days <= 30, `${days} days`);
    assert.not((cookie?.value ?? "").includes(readerKey));
    assert.is(await stored(page), ",{},{}");

    const second = await context.newPage();
    const keys: (string | undefined)[] = [];
    for (const tab of [page, second]) {
      tab.on("request", (request) => keys.push(request.headers()["x-api-key"]));
      await tab.goto(`${url}/dashboard#/tools`);
      await tab.reload();
      await settled(tab);
      assert.equal(
        (await rowsOf(tab, "Tools")).map(([name]) => name),
        ["sort", "find"],
      );
    }
    assert.ok(keys.length > 0 && keys.every((key) => key === undefined), "no key is sent");

    await page.getByRole("button", { name: "Sign out" }).click();
    await form(page).waitFor();
    assert.equal(await context.cookies(), []);
    await second.getByRole("button", { name: "Refresh now" }).click();
    await alert(second, "Signed out");
    await second.reload();
    await form(second).waitFor();
    assert.equal(complaints, []);
    await context.close();
  },
);

/** A proxy as it is without further settings: the service sees its own address as the host. */
async function startProxy(prefix: string) {
  const proxy = createServer((asked, answer) => {
    const path = asked.url?.replace(prefix, "") ?? "";
    const headers = { ...asked.headers, host: new URL(url).host };
    const passed = request(url + path, { method: asked.method, headers }, (received) => {
      answer.writeHead(received.statusCode ?? 500, received.headers);
      received.pipe(answer);
    });
    asked.pipe(passed);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  return { proxy, outside: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

checked("behind a proxy with a path of its own, the browser stays signed in below that path", async () => {
  const { proxy, outside } = await startProxy("/behind/a/proxy");
  const { page } = await open();
  await page.goto(`${outside}/behind/a/proxy/dashboard`);
  await stay(page, readerKey);
  await page.reload();
  await settled(page);
  const paths = (await page.context().cookies(`${outside}/behind/a/proxy/session`)).map(({ path }) => path);
  assert.equal(paths, ["/behind/a/proxy"]);
  assert.equal(await page.context().cookies(`${outside}/elsewhere`), []);
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).waitFor();
  assert.equal(await page.context().cookies(), []);
  await page.context().close();
  proxy.close();
  proxy.closeAllConnections();
});

checked(
  "a key that is revoked while somebody looks signs out and says why, and nothing of it is left",
  async () => {
    const { secret, record } = await service.keys.create({ ...NEW_KEY, role: "reader" });
    const { page } = await open();
    await stay(page, secret);
    await page.reload();
    await settled(page);
    await service.keys.revoke(record.id);
    await page.getByRole("button", { name: "Refresh now" }).click();
    await alert(page, "Signed out: API key is inactive.");
    assert.equal(await page.context().cookies(), []);
    await page.reload();
    await form(page).waitFor();
    assert.is(await page.locator("#key-problem").textContent(), "");
    await page.context().close();
  },
);

checked(
  "whoever signs out of a service that is away learns that the browser may still be signed in",
  async () => {
    const { page } = await open();
    await stay(page, readerKey);
    await page.route(/\/session$/, (route) => route.abort());
    await page.getByRole("button", { name: "Sign out" }).click();
    await alert(page, "This browser may still be signed in: the service cannot be reached.");
    await page.context().close();
  },
);

checked("what administers asks for the key itself, also where an admin stays signed in", async () => {
  const { page, complaints } = await open({ hash: "#/keys" });
  await stay(page, ADMIN_KEY);
  await page.getByRole("region", { name: "API keys and rate limits" }).waitFor();
  await page.reload();
  await page.getByText("This page asks for the admin key itself").waitFor();
  await page.getByRole("link", { name: "Storage" }).click();
  await page.getByRole("button", { name: "Enter the key" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Enter the key" }).click();
  await signIn(page, ADMIN_KEY);
  await page.getByRole("region", { name: "Tables and retention" }).waitFor();
  assert.equal(complaints, []);
  await page.context().close();
});

checked("who may not see a page learns who may, and can go on with another key", async () => {
  const { page } = await open({ hash: "#/directory", key: ALPHA_KEY });
  await page.getByText("Not for this key").waitFor();
  await page.getByText("a writer key may not do this. Reader and admin keys may see this.").waitFor();
  await page.getByRole("button", { name: "Use another key" }).click();
  await form(page).fill("nobody-has-this-key");
  await page.getByRole("button", { name: "Sign in" }).click();
  await alert(page, "This key is not accepted: Invalid API key.");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Not for this key").waitFor();
  await page.evaluate("location.hash = '#/storage'");
  await page.getByText("Admin keys may see this.").first().waitFor();
  await page.evaluate("location.hash = '#/directory'");
  await page.getByRole("button", { name: "Use another key" }).click();
  await signIn(page, readerKey);
  assert.is((await rowsOf(page, "Servers of the directory")).length, 2);
  await page.close();
});

test.run();
