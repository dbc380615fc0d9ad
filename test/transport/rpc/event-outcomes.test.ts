/** How a single metric ended, as QueryService says it and as the dashboard shows it, for every type there is. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Event, FilterOperator, QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import { openBrowser, openDashboard, settled } from "../../dashboard/browser.ts";
import { submit } from "../../dashboard/traffic.ts";
import { needing } from "../../support/needs.ts";
import { ADMIN_KEY, ALPHA_KEY, startTestService, TWO_SERVICES } from "../../support/service.ts";

const browser = await openBrowser();
const { url, close } = await startTestService(TWO_SERVICES);

test.after(async () => {
  await browser?.close();
  await close();
});

/** What is submitted of a type, and how it ended. */
type Ending = readonly [dimensions: object, success: boolean | undefined];
const words = (success: string, failure: string): readonly Ending[] => [
  [{ status: success }, true],
  [{ status: failure }, false],
];
const booleans = (name: string): readonly Ending[] => [
  [{ [name]: true }, true],
  [{ [name]: "True" }, true],
  [{ [name]: 1 }, true],
  [{ [name]: false }, false],
  [{ [name]: "FALSE" }, false],
  [{ [name]: "perhaps" }, undefined],
  [{ [name]: "" }, undefined],
  [{}, undefined],
];
/** Every type with an outcome; all others have none, whatever they are sent with. */
const ENDINGS: Readonly<Record<string, readonly Ending[]>> = {
  auth_request: booleans("success"),
  tool_execution: booleans("success"),
  health_check: booleans("healthy"),
  registry_operation: booleans("success"),
  server_start: words("success", "failed"),
  server_stop: words("success", "failed"),
  tool_invocation: words("success", "error"),
  resource_read: words("success", "error"),
  http_request: [
    [{ status_code: 200 }, true],
    [{ status_code: "404" }, true],
    [{ status_code: 500 }, false],
    [{ status_code: "503" }, false],
    [{ status_code: 700 }, undefined],
    [{}, undefined],
  ],
  auth_attempt: words("success", "failed"),
  authz_check: words("allowed", "denied"),
  config_reload: words("success", "failed"),
};
const others = METRIC_TYPES.filter(({ commonNames }) => commonNames.success === undefined);

let number = 0;
const made = new Map<string, boolean | undefined>();
function metricOf(type: string, dimensions: object, success: boolean | undefined) {
  number += 1;
  made.set(`note ${number}`, success);
  return { type, value: 1, dimensions, metadata: { note: `note ${number}` } };
}
const CHOICES: Readonly<Record<string, object>> = {
  server_count: { state: "total" },
  capability_count: { kind: "tools" },
  process_usage: { kind: "memory_mb" },
};
await submit(url, ALPHA_KEY, "alpha", [
  ...Object.entries(ENDINGS).flatMap(([type, endings]) =>
    endings.map(([dimensions, success]) => metricOf(type, dimensions, success)),
  ),
  ...others.map(({ name }) => metricOf(name, { ...CHOICES[name], success: false }, undefined)),
]);

const query = createClient(
  QueryService,
  createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    interceptors: [
      (next) => (request) => {
        request.header.set("x-api-key", ADMIN_KEY);
        return next(request);
      },
    ],
  }),
);
const noteOf = ({ metadata }: Event) => String(metadata.note?.kind.value);
const byNote = (events: readonly Event[]) =>
  new Map(events.map((event) => [noteOf(event), event.success] as const));
const sorted = (notes: Iterable<string>) => [...notes].sort();

test("every type with an outcome is in the table", () => {
  const known = METRIC_TYPES.filter(({ commonNames }) => commonNames.success !== undefined);
  assert.equal(Object.keys(ENDINGS).sort(), known.map(({ name }) => name).sort());
});

test("an event says how it ended, by the catalogue, in a list and in an export", async () => {
  const { events } = await query.listEvents({ pageSize: 1000 });
  assert.equal(byNote(events), made);
  const exported: Event[] = [];
  for await (const part of query.exportEvents({})) exported.push(...part.events);
  assert.equal(byNote(exported), made);
});

test("a filter on the outcome finds those events that say it", async () => {
  for (const success of [true, false]) {
    const filters = [{ dimension: "success", operator: FilterOperator.EQUALS, values: [String(success)] }];
    const { events } = await query.listEvents({ pageSize: 1000, filters });
    const expected = [...made].filter(([, said]) => said === success).map(([note]) => note);
    assert.equal(sorted(events.map(noteOf)), sorted(expected));
    assert.ok(events.every((event) => event.success === success));
  }
});

needing(test, "chromium")("the page shows the outcome of each, and lists every failure as one", async () => {
  if (browser === undefined) throw new Error("no browser");
  const { page, complaints } = await openDashboard(browser, url, { key: ADMIN_KEY, hash: "#/events" });
  const shown = async () => {
    await settled(page);
    const rows = await page.locator("tr.event").all();
    return Promise.all(rows.map((row) => row.locator("td").allInnerTexts()));
  };
  const rows = await shown();
  assert.is(rows.length, made.size);
  const count = (word: string) => rows.filter(([, , , outcome]) => outcome === word).length;
  const said = (success: boolean | undefined) => [...made.values()].filter((each) => each === success).length;
  assert.equal(["success", "failure", "–"].map(count), [true, false, undefined].map(said));
  await page.getByLabel("Outcome").selectOption("failure");
  await page.waitForURL(/outcome=failure/);
  await page.locator("tr.event", { hasText: "success" }).first().waitFor({ state: "detached" });
  const failures = await shown();
  assert.is(failures.length, said(false));
  assert.ok(failures.every(([, , , outcome]) => outcome === "failure"));
  assert.equal(
    [...new Set(failures.map(([, , type]) => type))].sort(),
    Object.keys(ENDINGS).sort(),
    "composers' too",
  );
  assert.equal(complaints, []);
  await page.close();
});

test.run();
