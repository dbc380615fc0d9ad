/** No figure is of several kinds of things, and each says of which it is. */
import type { Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { chooseType, typesToChoose } from "../../src/dashboard/query/one-type.ts";
import type { SubjectDimension } from "../../src/dashboard/state/page-state.ts";
import { needing } from "../support/needs.ts";
import { ALPHA_KEY, BETA_KEY } from "../support/service.ts";
import { openBrowser, openSettled, rowsOf, settled, statOf } from "./browser.ts";
import { queryClient, startWithKeys, submit } from "./traffic.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const { url, readerKey, close } = await startWithKeys();
const times = (count: number, metric: object) => Array.from({ length: count }, () => metric);
const call = { method: "tools/call", tool_name: "sort", server_name: "github", client_name: "cursor" };
await submit(url, ALPHA_KEY, "alpha", [
  ...times(40, {
    type: "auth_request",
    value: 1,
    duration_ms: 2,
    dimensions: { server: "github", method: "jwt", success: false },
  }),
  ...times(3, { type: "tool_execution", value: 1, duration_ms: 100, dimensions: { ...call, success: true } }),
  ...times(5, {
    type: "protocol_latency",
    value: 2,
    dimensions: { flow_step: "full_protocol_flow", server_name: "github" },
  }),
]);
await submit(url, BETA_KEY, "beta", [
  ...times(2, {
    type: "tool_invocation",
    value: 1,
    duration_ms: 30,
    dimensions: { tool_id: "gitea.create", server_id: "gitea", status: "error" },
  }),
  ...times(20, { type: "capability_count", value: 7, dimensions: { kind: "tools", server_id: "gitea" } }),
  { type: "custom", value: 7, dimensions: { metric_name: "depth" } },
]);

test.after(async () => {
  await browser?.close();
  await close();
});

const open = (hash: string) => openSettled(browser, url, { key: readerKey, hash });

const selectOf = (page: Page) => page.getByLabel("Metric type", { exact: true });
const typesOf = (page: Page) => selectOf(page).locator("option").allInnerTexts();
const chosen = (page: Page) => selectOf(page).inputValue();
const countsOf = async (page: Page, panel: string) =>
  Object.fromEntries((await rowsOf(page, panel)).map(([name, count]) => [name, count]));
/** In two digits: percentiles are within 1 % of a duration. */
const rounded = (duration = "") =>
  duration.replace(/[\d.]+/, (ms) => String(Number(Number(ms).toPrecision(2))));
const statsOf = (page: Page) =>
  Promise.all(["count", "errors", "p50", "p99"].map(async (id) => rounded(await statOf(page, id))));

checked("a server's figures are of its calls, and of its authentications once these are chosen", async () => {
  const { page, complaints } = await open("#/servers/github");
  assert.equal(await typesOf(page), ["auth_request · 40", "tool_execution · 3", "protocol_latency · 5"]);
  assert.is(await chosen(page), "tool_execution");
  await page.getByText("An MCP method carried out for a client").waitFor();
  assert.equal(await statsOf(page), ["3", "0%", "100 ms", "100 ms"]);
  assert.equal(await countsOf(page, "Methods"), { "tools/call": "3" });
  assert.equal(await countsOf(page, "Tools"), { sort: "3" });
  for (const title of ["Outcome", "Latency", "Methods", "Tools"]) {
    const region = page.getByRole("region", { name: title, exact: true });
    assert.is(await region.locator(".panel-head .hint").innerText(), "tool_execution", title);
  }
  await selectOf(page).selectOption("auth_request");
  await page.waitForURL(/type=auth_request/);
  await page.locator('[data-stat="count"] .stat-value', { hasText: "40" }).waitFor();
  await settled(page);
  assert.equal(await statsOf(page), ["40", "100%", "2 ms", "2 ms"]);
  assert.equal(await countsOf(page, "Methods"), { jwt: "40" });
  await page.reload();
  assert.equal(complaints, []);
  await page.close();
});

const subjects: readonly [hash: string, type: string, count: string][] = [
  ["#/servers/gitea", "tool_invocation", "2"],
  ["#/servers/gitea?type=capability_count", "capability_count", "20"],
  ["#/servers/gitea?type=custom", "tool_invocation", "2"],
  ["#/servers/nobody", "tool_execution", "0"],
  ["#/tools/sort", "tool_execution", "3"],
  ["#/tools/sort?type=auth_request", "tool_execution", "3"],
  ["#/tools/gitea.create", "tool_invocation", "2"],
  ["#/clients/cursor", "tool_execution", "3"],
  ["#/services/alpha", "tool_execution", "3"],
  ["#/services/beta", "tool_invocation", "2"],
  ["#/services/beta?type=custom", "custom", "1"],
];
for (const [hash, type, count] of subjects) {
  checked(`figures are of one type, and of one that can be told apart so: ${hash}`, async () => {
    const { page, complaints } = await open(hash);
    assert.equal([await chosen(page), await statOf(page, "count")], [type, count]);
    assert.equal(complaints, []);
    await page.close();
  });
}

checked("a list counts one type, and leads to pages with figures of the same", async () => {
  const { page, complaints } = await open("#/servers");
  assert.equal(await countsOf(page, "Servers"), { github: "3" });
  await selectOf(page).selectOption("auth_request");
  await page.waitForURL(/type=auth_request/);
  await page.getByRole("cell", { name: "40", exact: true }).waitFor();
  assert.equal((await rowsOf(page, "Servers"))[0]?.slice(0, 3), ["github", "40", "100%"]);
  await page.getByRole("link", { name: "github" }).click();
  await page.getByRole("heading", { level: 1, name: "github" }).waitFor();
  await settled(page);
  assert.equal([await chosen(page), rounded(await statOf(page, "p50"))], ["auth_request", "2 ms"]);
  assert.equal(complaints, []);
  await page.close();
});

checked("the overview ranks by MCP requests, and counts all that a service sends", async () => {
  const { page, complaints } = await open("");
  assert.equal(await countsOf(page, "Servers"), { github: "3" });
  assert.equal(await countsOf(page, "Clients"), { cursor: "3" });
  const services = (await rowsOf(page, "Services")).map(([service, count, errors, p95]) => [
    service,
    count,
    errors,
    rounded(p95),
  ]);
  assert.equal(services, [
    ["alpha", "48", "0%", "100 ms"],
    ["beta", "23", "–", "–"],
  ]);
  await page.getByText("All metrics; errors and P95 of MCP requests").waitFor();
  assert.equal(complaints, []);
  await page.close();
});

const { types: known } = await queryClient(url).listMetricTypes({});
const choices: readonly {
  readonly name: string;
  readonly dimension: SubjectDimension;
  readonly counts: Readonly<Record<string, number>>;
  readonly wanted?: string;
  readonly shown?: string;
  readonly is: string;
}[] = [
  { name: "nothing at all", dimension: "server", counts: {}, is: "tool_execution" },
  {
    name: "calls among more",
    dimension: "server",
    counts: { auth_request: 9, tool_execution: 1 },
    is: "tool_execution",
  },
  {
    name: "a composer's calls",
    dimension: "server",
    counts: { server_start: 9, tool_invocation: 1 },
    is: "tool_invocation",
  },
  {
    name: "no calls",
    dimension: "server",
    counts: { server_start: 9, auth_request: 10 },
    is: "auth_request",
  },
  { name: "what has no such thing", dimension: "client", counts: { auth_request: 10 }, is: "tool_execution" },
  {
    name: "what is wanted",
    dimension: "server",
    counts: { tool_execution: 5 },
    wanted: "auth_request",
    is: "auth_request",
  },
  {
    name: "what cannot be",
    dimension: "tool",
    counts: { tool_execution: 5 },
    wanted: "auth_request",
    is: "tool_execution",
  },
  {
    name: "a type that nobody knows",
    dimension: "tool",
    counts: { future: 5 },
    wanted: "future",
    is: "future",
  },
  {
    name: "what is shown already",
    dimension: "server",
    counts: { tool_execution: 5, auth_request: 1 },
    shown: "auth_request",
    is: "auth_request",
  },
  {
    name: "what was shown and is gone",
    dimension: "server",
    counts: { tool_execution: 5 },
    shown: "auth_request",
    is: "tool_execution",
  },
];
for (const { name, dimension, counts, wanted, shown, is } of choices) {
  test(`of the types there are, the figures are of one: ${name}`, () => {
    const found = new Map(Object.entries(counts));
    const type = chooseType({ known }, dimension, found, { wanted, shown });
    assert.is(type, is);
    assert.ok(typesToChoose({ known }, dimension, found, type).some(([offered]) => offered === type));
  });
}

test("while the types are not known, there is one all the same", () => {
  assert.is(chooseType({ known: [] }, "server", new Map(), {}), "tool_execution");
  assert.is(chooseType({ known: [] }, "server", new Map([["custom", 3]]), {}), "custom");
});

test.run();
