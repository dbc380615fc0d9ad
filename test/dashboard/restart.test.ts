import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, startTestService } from "../support/service.ts";
import { openBrowser, openDashboard, rowsOf, settled, statOf } from "./browser.ts";
import { submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));

test.after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (port = 0) =>
  startTestService({
    METRICS_SERVICE_PORT: String(port),
    METRICS_API_KEY_ALPHA: ALPHA_KEY,
    SQLITE_DB_PATH: join(folder, "metrics.db"),
  });
const call = { type: "tool_execution", value: 1, duration_ms: 5, dimensions: { tool_name: "sort" } };

checked(
  "a service that is away is said to be, what was shown stays, and all goes on when it is back",
  async () => {
    if (browser === undefined) return;
    const first = await start();
    await submit(first.url, ALPHA_KEY, "alpha", [call]);
    const { page } = await openDashboard(browser, first.url, { key: ADMIN_KEY });
    assert.is(await statOf(page, "tool-calls"), "1");

    await first.close();
    await page.getByRole("button", { name: "Refresh now" }).click();
    await page
      .getByRole("alert")
      .filter({ hasText: "No connection: the service cannot be reached." })
      .waitFor();
    assert.is(await statOf(page, "tool-calls"), "1", "what was known is still shown");
    await page
      .getByText(/^Not renewed since \d\d:\d\d:\d\d: the service cannot be reached\./)
      .first()
      .waitFor();
    // What was never asked for has nothing to show.
    await page.getByRole("link", { name: "Tools" }).click();
    await page.getByText("No answer").waitFor();

    const second = await start(first.service.port);
    await submit(second.url, ALPHA_KEY, "alpha", [call, call]);
    await page.getByRole("alert").waitFor({ state: "hidden" });
    await settled(page);
    assert.equal(
      (await rowsOf(page, "Tools")).map(([tool, count]) => [tool, count]),
      [["sort", "3"]],
    );
    await page.close();
    await second.close();
  },
);

checked("new events come in by themselves, each once, until the tail is paused", async () => {
  if (browser === undefined) return;
  const service = await start();
  const { page, complaints } = await openDashboard(browser, service.url, {
    key: ADMIN_KEY,
    hash: "#/events",
  });
  const lines = page.locator("tr.event");
  const before = await lines.count();
  for (const expected of [1, 2]) {
    await submit(service.url, ALPHA_KEY, "alpha", [call]);
    await lines.nth(before + expected - 1).waitFor();
  }
  assert.is(await lines.count(), before + 2);
  await page.locator(".event-time").first().click();
  const answered = page.waitForResponse(/QueryService\/ListEvents$/);
  await page.getByRole("button", { name: "Refresh now" }).click();
  await (await answered).finished();
  await page.getByText(/^Newest first, as of/).waitFor();
  assert.is(await page.locator(".event-time").first().getAttribute("aria-expanded"), "true");
  const live = page.getByRole("button", { name: "Live" });
  await live.click();
  assert.is(await live.getAttribute("aria-pressed"), "false");
  assert.equal(complaints, []);
  await page.close();
  await service.close();
});

test.run();
