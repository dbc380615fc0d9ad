/** The library in a page of another origin than the service's, as a website has it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type * as Library from "../../src/client/index.ts";
import { openBrowser } from "../dashboard/browser.ts";
import { COLLECT, FETCH, openDirectory, sign, TRACK } from "../directory/directory-service.ts";
import { needing } from "../support/needs.ts";
import { WRITER_KEY } from "../support/service.ts";
import { closeAll, startService } from "./client-and-service.ts";

const LIBRARY = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));
const browser: Browser | undefined = await openBrowser();
const checked = needing(test, "chromium");

async function bundle(): Promise<string> {
  const options = { bundle: true, write: false, format: "esm", platform: "browser" } as const;
  const { outputFiles } = await build({ entryPoints: [LIBRARY], ...options });
  return outputFiles[0]?.text ?? "";
}

const library = await bundle();
const site = createServer((request, response) => {
  const isLibrary = request.url === "/library.js";
  response.setHeader("content-type", isLibrary ? "text/javascript" : "text/html");
  response.end(isLibrary ? library : "<!doctype html><title>site</title>");
});
await new Promise<void>((resolve) => void site.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

test.after.each(closeAll);
test.after(async () => {
  await browser?.close();
  site.closeAllConnections();
  site.close();
});

/** What a page of the site makes of it: the client's counts and the reasons of its problems. */
async function emitFromPage(url: string) {
  if (browser === undefined) throw new Error("no browser");
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => void errors.push(String(error)));
  await page.goto(origin);
  const settings = { url, apiKey: WRITER_KEY, service: "test" };
  const result = await page.evaluate(async (options) => {
    const path = "/library.js";
    const { MetricsClient } = (await import(path)) as typeof Library;
    const reasons: string[] = [];
    const onProblem = ({ reason }: Library.Problem) => void reasons.push(reason);
    const client = new MetricsClient({ ...options, onProblem });
    client.emitToolExecution({ success: true, toolName: "search", metadata: { page: "/" } });
    client.emitCustom({ name: "odd", value: "text" as never });
    const isSent = await client.flush({ timeoutMs: 3000 });
    return { isSent, reasons, counts: client.counts };
  }, settings);
  await page.close();
  assert.equal(errors, []);
  return result;
}

checked("a page sends metrics, where the service lets its origin in", async () => {
  const service = await startService({ CORS_ORIGINS: origin });
  const { isSent, reasons, counts } = await emitFromPage(service.url);
  assert.equal([isSent, reasons, counts.accepted], [true, ["unreadable"], 1]);
  assert.is(service.rows().length, 1);
});

checked("a page that is not let in goes on, and its client says so", async () => {
  const service = await startService();
  const { isSent, reasons, counts } = await emitFromPage(service.url);
  assert.is(isSent, false);
  assert.ok(reasons.includes("unreachable"));
  assert.is(counts.waiting, 1);
  assert.is(service.rows().length, 0);
});

checked(
  "the clients that a directory has of its own send what they always have, and read the answers",
  async () => {
    if (browser === undefined) throw new Error("no browser");
    const directory = await openDirectory({ CORS_ORIGINS: origin });
    const { id, key, secret } = await directory.register("site", { signed: true, isPublic: true });
    const { url } = directory.service;
    const collected = JSON.stringify({
      server_id: id,
      metrics: [{ name: "latency", type: "gauge", value: 1 }],
    });
    const usual = { "x-client-info": "site/2.1", apikey: "public", "cache-control": "no-cache" };
    const json = { "content-type": "application/json" };
    const calls = [
      {
        path: COLLECT,
        method: "POST",
        headers: { ...usual, ...json, ...key, "x-signature": sign(secret, collected) },
        body: collected,
      },
      {
        path: TRACK,
        method: "POST",
        headers: { ...usual, ...json },
        body: JSON.stringify({ server_id: id, action: "view" }),
      },
      { path: `${FETCH}?server_id=${id}&period=1d`, method: "GET", headers: usual },
      { path: "/api/export.csv", method: "GET", headers: { ...usual, ...directory.reader } },
    ];
    const page = await browser.newPage();
    await page.goto(origin);
    const answers = await page.evaluate(
      async ([base, asked]) => {
        const found = [];
        for (const { path, ...init } of asked) {
          const answer = await fetch(base + path, init);
          found.push({ status: answer.status, range: answer.headers.get("x-export-range") });
        }
        return found;
      },
      [url, calls] as const,
    );
    await page.close();
    assert.equal(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.match(answers[3]?.range ?? "", /^2\d{3}-.*Z\/2\d{3}-.*Z$/);
    await directory.close();
  },
);

test.run();
