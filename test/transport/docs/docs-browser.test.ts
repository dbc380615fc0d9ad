/** The page as people use it: in a browser, by keyboard, in light and in dark. */
import axe from "axe-core";
import type { BrowserContextOptions } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OpenApiDocument } from "../../../src/transport/openapi/operation.ts";
import { openBrowser, openPage } from "../../dashboard/browser.ts";
import { needing } from "../../support/needs.ts";
import { startTestService } from "../../support/service.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const service = await startTestService();

test.after(async () => {
  await browser?.close();
  await service.close();
});

function open(hash = "", context: BrowserContextOptions = {}) {
  if (browser === undefined) throw new Error("no browser");
  return openPage(browser, service.url, `/docs${hash}`, context);
}

const SUBMIT = '[id="postMetrics"]';

for (const colorScheme of ["light", "dark"] as const) {
  checked(`nothing bars anybody from the page (${colorScheme}), and nothing in it is rejected`, async () => {
    const { page, complaints, elsewhere } = await open("", { colorScheme });
    // One of each, unfolded.
    await page.evaluate(`document.querySelectorAll("#postMetrics, #postMetrics details, #schema-Submission")
      .forEach((folded) => { folded.open = true; })`);
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
    assert.equal(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`),
      [],
    );
    assert.equal([complaints, elsewhere], [[], []]);
    await page.setViewportSize({ width: 360, height: 800 });
    assert.is(await page.evaluate("document.documentElement.scrollWidth"), 360, "no wider than a telephone");
    await page.close();
  });
}

checked("what is looked for is found by keyboard alone", async () => {
  const { page } = await open();
  await page.keyboard.press("/");
  await page.keyboard.type("post /metrics");
  await page.locator("#found", { hasText: /\d found/ }).waitFor();
  assert.ok(await page.locator(SUBMIT).isVisible());
  assert.not(await page.locator('[id="getRateLimit"]').isVisible());
  await page.keyboard.press("Enter");
  assert.ok(await page.locator(`${SUBMIT}[open]`).isVisible(), "the first that was found is unfolded");
  assert.ok(await page.locator(`${SUBMIT} > summary`).evaluate((summary) => summary.matches(":focus")));
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  assert.ok(await page.locator('[id="getRateLimit"]').isVisible(), "everything is there again");
  await page.close();
});

checked("a reason leads to the calls that can fail for it", async () => {
  const { page } = await open();
  await page.getByLabel("Search").fill("idempotency_conflict");
  const shown = await page.locator(".operation:visible").evaluateAll((all) => all.map(({ id }) => id));
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
  const failing = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .filter((operation) => JSON.stringify(operation).includes("idempotency_conflict"));
  assert.equal(shown.sort(), failing.map(({ operationId }) => operationId).sort());
  assert.ok(shown.includes("postMetrics"));
  await page.close();
});

checked(
  "an address with an operation's name shows it, and lines name the service they came from",
  async () => {
    const { page } = await open("#postMetrics");
    const line = page.locator(`${SUBMIT}[open] .shell`).first();
    await line.waitFor();
    assert.ok((await line.innerText()).startsWith(`curl -X POST ${service.url}/metrics `));
    await page.close();
  },
);

test.run();
