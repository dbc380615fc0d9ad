import { create } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ListMetricTypesResponseSchema } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import type { Api } from "../../src/dashboard/api/api.ts";
import { createMetricTypes, hasDimension } from "../../src/dashboard/query/metric-types.ts";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY } from "../support/service.ts";
import { openBrowser, openDashboard, settled } from "./browser.ts";
import { startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
await submit(url, ALPHA_KEY, "alpha", [
  { type: "tool_execution", value: 1, dimensions: { tool_name: "sort" } },
  { type: "health_check", value: 1, dimensions: { endpoint: "/health" } },
]);

test.after(async () => {
  await browser?.close();
  await close();
});

const CATALOGUE = METRIC_TYPES.map(({ name }) => name);

async function open(hash: string) {
  if (browser === undefined) throw new Error("no browser");
  const opened = await openDashboard(browser, url, { key: readerKey, hash });
  await settled(opened.page);
  return { ...opened, types: opened.page.getByLabel("Metric type") };
}

checked("the events can be narrowed to every type of the catalogue", async () => {
  const { page, types, complaints } = await open("#/events");
  assert.equal(await types.locator("option").allInnerTexts(), ["All types", ...CATALOGUE]);
  await types.selectOption("health_check");
  await page.waitForURL(/type=health_check/);
  await page.locator("tr.event").filter({ hasText: "tool_execution" }).waitFor({ state: "detached" });
  assert.is(await page.locator("tr.event").count(), 1);
  assert.equal(complaints, []);
  await page.close();
});

checked("a type of the address that the catalogue does not have is shown as chosen", async () => {
  const { page, types } = await open("#/events?type=no_such_type");
  await types.locator("option", { hasText: "no_such_type" }).waitFor({ state: "attached" });
  assert.is(await types.inputValue(), "no_such_type");
  await page.close();
});

checked("without the list the page still works, and asks for it again", async () => {
  if (browser === undefined) throw new Error("no browser");
  const { page } = await openDashboard(browser, url, { hash: "#/events" });
  let failures = 0;
  await page.route(/QueryService\/ListMetricTypes$/, (route) => {
    failures += 1;
    return failures > 2 ? route.continue() : route.abort();
  });
  await page.getByLabel("API key").fill(readerKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("tr.event").first().waitFor();
  const options = page.getByLabel("Metric type").locator("option");
  assert.equal(await options.allInnerTexts(), ["All types"]);
  const note = page.getByText("The list of types could not be read: the service cannot be reached");
  await note.waitFor();
  await page.getByRole("button", { name: "Refresh now" }).click();
  await options.nth(CATALOGUE.length).waitFor({ state: "attached" });
  assert.equal(await options.allInnerTexts(), ["All types", ...CATALOGUE]);
  assert.is(await note.count(), 0);
  await page.close();
});

/** A service that fails the first `failures` calls, and how often it was called. */
function serviceOf(failures: number) {
  const service = { calls: 0 };
  const query = {
    async listMetricTypes() {
      service.calls += 1;
      if (service.calls <= failures) throw new Error("unavailable");
      const types = [{ name: "auth_request", dimensions: ["server", "method"] }];
      return create(ListMetricTypesResponseSchema, { types });
    },
  } as unknown as Api["query"];
  return { service, metricTypes: createMetricTypes({ query }) };
}

test("the types are asked for until the service has answered, and not again", async () => {
  const { service, metricTypes } = serviceOf(1);
  await metricTypes.load();
  assert.equal([metricTypes.known, metricTypes.failure], [[], "unavailable"]);
  await metricTypes.load();
  await metricTypes.load();
  assert.equal([metricTypes.known.map(({ name }) => name), service.calls], [["auth_request"], 2]);
  assert.is(metricTypes.failure, undefined);
});

test("a dimension is missing only where the type is known not to have it", async () => {
  const { metricTypes } = serviceOf(0);
  assert.ok(hasDimension(metricTypes, "auth_request", "client"), "nothing is known yet");
  await metricTypes.load();
  assert.ok(hasDimension(metricTypes, "auth_request", "service"), "every metric has it");
  assert.ok(hasDimension(metricTypes, "auth_request", "method"));
  assert.not(hasDimension(metricTypes, "auth_request", "client"));
});

test.run();
