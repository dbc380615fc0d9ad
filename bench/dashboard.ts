/**
 * How long somebody waits for the dashboard with years of metrics behind it.
 *
 * Fills 90 days of metrics, then opens the overview in a Chromium of its own each time, and changes filters
 * and periods in it. What counts is the moment at which every panel shows its answer, in the page's own
 * time. Exit code 1 when a target is missed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { openChromium } from "./chromium.ts";
import { DAYS, fill } from "./history/fill.ts";
import { median } from "./measure.ts";
import { createProgress } from "./progress.ts";
import { startService } from "./service-process.ts";

const HELP = `Usage: npm run bench:dashboard -- [options]
  --metrics N      metrics in all (default 10000000)
  --days N         over how many days (default ${DAYS})
  --dir DIR        where the database goes; some 150 bytes a metric (default: the temporary directory)
  --rounds N       times each thing is done (default 5)
`;

const { values: options } = parseArgs({
  options: {
    metrics: { type: "string", default: "10000000" },
    days: { type: "string", default: String(DAYS) },
    dir: { type: "string", default: tmpdir() },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean", default: false },
  },
});

const API_KEY = "dashboard-admin-key-0123456789abcdef";
const FIRST_PAINT_MS_MAX = 1000;
const CHANGE_MS_MAX = 300;
/** What is changed from the overview of the last hour; the address is all there is to change. */
const CHANGES = [
  { name: "a filter by service", hash: "#/?service=mcpgw", limitMs: CHANGE_MS_MAX },
  { name: "a filter by method", hash: "#/?method=tools%2Fcall", limitMs: CHANGE_MS_MAX },
  { name: "a filter by server and client", hash: "#/?server=github&client=cursor", limitMs: CHANGE_MS_MAX },
  { name: "the page of a tool", hash: "#/tools/get_issue", limitMs: CHANGE_MS_MAX },
  { name: "the last 24 hours", hash: "#/?range=24h", limitMs: undefined },
  { name: "the last 7 days", hash: "#/?range=7d", limitMs: undefined },
  { name: "the last 90 days", hash: "#/?range=90d", limitMs: undefined },
];
/** Resolves to the page's time when every panel shows what it was asked for. */
const SETTLED = `new Promise((resolve) => {
  const look = () => {
    const panels = document.querySelectorAll(".panel").length;
    const busy = document.querySelectorAll('.panel[data-state="loading"], .panel.is-superseded').length;
    if (panels > 0 && busy === 0) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})`;

const print = (line: string) => void process.stdout.write(`${line}\n`);
let missed = 0;

function report(what: string, times: readonly number[], limitMs: number | undefined): void {
  const typical = median(times);
  const isMet = limitMs === undefined || typical <= limitMs;
  if (!isMet) missed += 1;
  const mark = limitMs === undefined ? "      " : isMet ? "ok    " : "MISSED";
  print(`${mark} ${what}: ${typical.toFixed(0)} ms${limitMs === undefined ? "" : ` (target ${limitMs})`}`);
}

/** A tab of a browser that stays signed in. */
async function openTab(browser: Browser, url: string): Promise<Page> {
  const headers = { "x-api-key": API_KEY, "sec-fetch-site": "same-origin" };
  const { headers: answered } = await fetch(`${url}/session`, { method: "POST", headers });
  const [name = "", value = ""] = (answered.get("set-cookie") ?? "").split(/[=;]/, 2);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.context().addCookies([{ name, value, url }]);
  await page.goto(`${url}/dashboard`, { waitUntil: "commit" });
  return page;
}

const settled = (page: Page): Promise<number> => page.evaluate<number>(SETTLED);

/** From the change of the address to the last panel's answer. */
function change(page: Page, hash: string): Promise<number> {
  return page.evaluate<number>(`(async () => {
    const startMs = performance.now();
    location.hash = ${JSON.stringify(hash)};
    await new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
    return (await ${SETTLED}) - startMs;
  })()`);
}

async function measure(browser: Browser, url: string, rounds: number): Promise<void> {
  const opened: number[] = [];
  const changed = CHANGES.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { hash }] of CHANGES.entries()) {
      // A new tab each time: an answer that a page has kept would cost nothing.
      const page = await openTab(browser, url);
      opened.push(await settled(page));
      changed[at]?.push(await change(page, hash));
      await page.close();
    }
  }
  report("the overview, from nothing to every panel", opened, FIRST_PAINT_MS_MAX);
  for (const [at, { name, limitMs }] of CHANGES.entries()) report(name, changed[at] ?? [], limitMs);
}

async function bench(directory: string): Promise<void> {
  const browser = await openChromium();
  if (browser === undefined) throw new Error("chromium is missing");
  const progress = createProgress();
  const path = join(directory, "metrics.db");
  const metrics = Number(options.metrics);
  const onProgress = (done: number) => progress.show(`filled ${done} of ${metrics}`);
  fill({ path, metrics, days: Number(options.days), endMs: Date.now(), withRollups: true, onProgress });
  progress.clear();
  print(`${metrics} metrics over ${options.days} days, median of ${options.rounds}`);
  const env = { METRICS_ADMIN_API_KEY: API_KEY, METRICS_RATE_LIMIT: "1000000" };
  const service = await startService({ databasePath: path, keys: {}, env });
  try {
    await measure(browser, `http://127.0.0.1:${service.port}`, Number(options.rounds));
  } finally {
    await browser.close();
    await service.stop("SIGTERM");
  }
}

if (options.help) process.stdout.write(HELP);
else {
  const directory = mkdtempSync(join(options.dir, "metrics-dashboard-"));
  try {
    await bench(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.exitCode = missed === 0 ? 0 : 1;
}
