/** A directory's own page, on an origin of its own, with the client that directories have for its metrics tab. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openBrowser } from "../dashboard/browser.ts";
import { needing } from "../support/needs.ts";
import { openDirectory } from "./directory-service.ts";

const browser = await openBrowser();
const checked = needing(test, "chromium");
const page = createServer((_request, answer) => void answer.end("<!doctype html><title>Directory</title>"));
await once(page.listen(0, "127.0.0.1"), "listening");
const { port } = page.address() as AddressInfo;
const ALLOWED = `http://127.0.0.1:${port}`;
// The same server under another name is another origin.
const OTHER = `http://localhost:${port}`;
const context = await openDirectory({ CORS_ORIGINS: ALLOWED });
const shown = await context.register("shown", { isPublic: true });
const hidden = await context.register("hidden");
const { url } = context.service;

test.before(async () => {
  const check = (minutesAgo: number, value: number) => ({
    name: "health_check",
    type: "gauge",
    value,
    timestamp: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
  });
  const checks = [check(50, 1), check(40, 1), check(30, 1), check(20, 0), check(20, 1)];
  const metrics = [...checks, { name: "response_time", type: "timer", value: 120.5 }];
  for (const { id, key } of [shown, hidden]) {
    const { body } = await context.send("POST", `/functions/v1/metrics-collect/${id}`, key, { metrics });
    assert.is(body.rejected, 0);
  }
});
test.after(async () => {
  await browser?.close();
  page.close();
  await context.close();
});

/** What the client does: all the headers that it sends, and uptime as the share of the points that are 1. */
const CLIENT = `async ({ url, id, key }) => {
  const headers = { "content-type": "application/json", "cache-control": "no-cache", "x-client-info": "tab/1.0" };
  if (key) Object.assign(headers, { apikey: key, authorization: "Bearer " + key });
  const path = url + "/functions/v1/";
  const fetched = await fetch(path + "metrics-fetch?period=1h&server_id=" + id, { headers });
  const { metrics, error } = await fetched.json();
  if (!fetched.ok) return { error };
  const up = metrics.uptime.filter(({ value }) => value === 1).length / metrics.uptime.length;
  const body = JSON.stringify({ server_id: id, action: "view", user_id: "somebody" });
  const tracked = await fetch(path + "usage-track", { method: "POST", headers, body });
  return { uptime: (up * 100).toFixed(2) + "%", latency: metrics.latency.map(({ value }) => value),
    tracked: (await tracked.json()).recorded, limit: fetched.headers.get("x-ratelimit-limit") };
}`;

/** Run the client on a page of an origin; "blocked" where the browser does not let it have the answer. */
async function run(origin: string, id: string, key = "") {
  if (browser === undefined) throw new Error("no browser");
  const tab = await browser.newPage();
  await tab.goto(origin);
  const result = await tab
    .evaluate(`(${CLIENT})(${JSON.stringify({ url, id, key })})`)
    .catch((error: Error) => (error.message.includes("Failed to fetch") ? "blocked" : Promise.reject(error)));
  await tab.close();
  return result as unknown;
}

const FIGURES = { uptime: "75.00%", latency: [120.5], tracked: true };

checked("the directory's page shows a server's uptime and latency, with its key and without", async () => {
  assert.equal(await run(ALLOWED, "shown"), { ...FIGURES, limit: null });
  assert.equal(await run(ALLOWED, "hidden", hidden.key["x-api-key"]), { ...FIGURES, limit: "1000000" });
  assert.equal(await run(ALLOWED, "hidden"), { error: "API key required in X-API-Key header" });
});

checked("no other origin's page has it", async () => {
  assert.is(await run(OTHER, "shown"), "blocked");
});

checked(
  "a session of the browser is of no use to a page of another origin, also of an allowed one",
  async () => {
    if (browser === undefined) throw new Error("no browser");
    const opened = await browser.newContext();
    const tab = await opened.newPage();
    await tab.goto(`${url}/dashboard`);
    const key = context.reader["x-api-key"];
    await tab.evaluate(`fetch("/session", { method: "POST", headers: { "x-api-key": "${key}" } })`);
    assert.is((await opened.cookies()).length, 1);
    const ask = (credentials: string) =>
      tab.evaluate(`fetch("${url}/servers/hidden/metrics", { credentials: "${credentials}" })
      .then(({ status }) => status, () => "blocked")`);
    assert.is(await ask("include"), 200, "from the service's own page");
    // The port makes it another origin, though browsers send it the same cookies.
    await tab.goto(ALLOWED);
    assert.equal([await ask("include"), await ask("omit")], ["blocked", 401]);
    await opened.close();
  },
);

test.run();
