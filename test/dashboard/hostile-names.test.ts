import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openSettled, rowsOf, settled } from "./browser.ts";
import { startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();

const NAMES = [
  "<img src=x onerror=\"document.title='executed'\">",
  "</title><script>document.title='executed'</script>",
  "javascript:document.title='executed'",
  "{{constructor.constructor('1')()}} {1}",
  "🦀🔧 emoji 👩‍👩‍👧",
  "אָלֶף עברית",
  "\u202egnp.exe",
  "x".repeat(200),
  "a/b?c#d&e=%2f",
  "__proto__",
  "line\nbreak\ttab",
];
await submit(
  url,
  ALPHA_KEY,
  "alpha",
  NAMES.flatMap((tool_name, at) =>
    // Each one less often, so that their order is known.
    Array.from({ length: NAMES.length - at }, () => ({
      type: "tool_execution",
      value: 1,
      duration_ms: 5,
      dimensions: {
        tool_name,
        server_name: tool_name,
        client_name: tool_name,
        method: tool_name,
        success: false,
      },
      metadata: { error_code: tool_name },
    })),
  ),
);

test.after(async () => {
  await browser?.close();
  await close();
});

const open = (hash: string) => openSettled(browser, url, { key: readerKey, hash });

for (const list of ["Tools", "Servers", "Clients"]) {
  checked(`${list.toLowerCase()} with hostile names show as text`, async () => {
    const { page, complaints, elsewhere } = await open(`#/${list.toLowerCase()}`);
    const titles = page.getByRole("region", { name: list, exact: true }).locator("tbody bdi");
    const shown = await Promise.all((await titles.all()).map((name) => name.textContent()));
    assert.equal(shown, NAMES);
    assert.is((await rowsOf(page, list)).length, NAMES.length);
    assert.not.match(await page.title(), /executed/);
    assert.is(await page.locator("main img, main script").count(), 0);
    assert.equal([complaints, elsewhere], [[], []]);
    await page.close();
  });
}

checked("the page of each of them is found by its link, and shows it as text", async () => {
  const { page, complaints } = await open("#/tools");
  for (const [at, name] of NAMES.entries()) {
    await page.getByRole("region", { name: "Tools", exact: true }).locator("tbody a").nth(at).click();
    await page.getByRole("region", { name: "Recent failures" }).waitFor();
    await settled(page);
    assert.is(await page.locator("h1 bdi").textContent(), name);
    assert.is(await page.locator("tr.event").first().locator(".fields bdi").first().textContent(), name);
    // Nothing is pushed out of the page, however long it is.
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert.ok(Number(overflow) <= 0, `${overflow} px too wide`);
    assert.not.match(await page.title(), /^executed/);
    await page.goBack();
    await settled(page);
  }
  assert.equal(complaints, []);
  await page.close();
});

checked("an event with hostile fields shows them as text", async () => {
  const { page, complaints } = await open("#/events");
  for (const button of (await page.locator(".event-time").all()).slice(0, 20)) await button.click();
  assert.is(await page.locator("main img, main script").count(), 0);
  assert.equal(complaints, []);
  await page.close();
});

test.run();
