/**
 * `npm run demo`: realistic MCP traffic to the service on this machine, until stopped. Begins with that of
 * the last hour, so that the dashboard has something to show at once.
 *
 *   npm run demo -- --rate 200        metrics a second (20)
 *   npm run demo -- --history 0       minutes of the past to begin with (60)
 *   npm run demo -- --for 30          stop after so many seconds
 *   npm run demo -- --url http://host:8890 --key mcp_metrics_…     another service
 *
 * Without --key it makes one and revokes it at the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { withAdministration } from "../src/cli/administration.ts";
import { FIRST_SERVICE } from "../src/cli/serve.ts";
import { readConfig } from "../src/config.ts";
import { findService } from "../src/sqlite/file/announcement.ts";
import { createDemoComposer } from "./demo-composer.ts";
import { createDemoSender } from "./demo-sender.ts";
import { rateAt } from "./demo-traffic.ts";

const { values: options } = parseArgs({
  options: {
    rate: { type: "string", default: "20" },
    history: { type: "string", default: "60" },
    for: { type: "string", default: "Infinity" },
    url: { type: "string" },
    key: { type: "string" },
  },
});

const TICK_MS = 200;
const HISTORY_STEP_MS = 10_000;

function fail(message: string): never {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}

const config = readConfig(process.env);
const rate = Number(options.rate);
const historyMs = Number(options.history) * 60_000;
const seconds = Number(options.for);
if (!(rate > 0 && rate <= 100_000)) fail("--rate is a number of metrics a second, up to 100000");
if (!(historyMs >= 0 && historyMs <= 7 * 86_400_000)) fail("--history is a number of minutes, up to 7 days");
if (!(seconds > 0)) fail("--for is a number of seconds");
const url = options.url ?? findService(config.database.path)?.url;
if (url === undefined) fail("no service runs on this database; start one with: npm start");

const made =
  options.key === undefined
    ? await withAdministration(config, ({ keys }) => keys.create(demoKey()))
    : undefined;

function demoKey() {
  return {
    service: FIRST_SERVICE,
    role: "writer" as const,
    rateLimit: 1_000_000,
    allowedServices: ["*"],
    expiresMs: Date.now() + 7 * 86_400_000,
    description: "npm run demo",
  };
}

const key = options.key ?? made?.secret ?? "";
const sender = createDemoSender(url, key, Date.now() >>> 0);
const { counts } = sender;
let stopped = false;
let stoppedAtMs = 0;
/** Ctrl-C below npm comes twice, from the terminal and from npm: only what comes later is a second wish. */
const SAME_SIGNAL_MS = 1000;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopped && performance.now() - stoppedAtMs > SAME_SIGNAL_MS) process.exit(1);
    if (!stopped) stoppedAtMs = performance.now();
    stopped = true;
  });
}

const startedMs = Date.now();
process.stderr.write(`Sending about ${rate} metrics a second to ${url}. Stop with Ctrl-C.\n`);
for (let atMs = startedMs - historyMs; atMs < startedMs && !stopped; atMs += HISTORY_STEP_MS) {
  const spanMs = Math.min(HISTORY_STEP_MS, startedMs - atMs);
  await sender.send(Math.round((rateAt(rate, atMs) * spanMs) / 1000), atMs, spanMs);
  showProgress();
}

function showProgress(): void {
  const failures = counts.failed === 0 ? "" : `, ${counts.failed} failed (${counts.lastError.slice(0, 60)})`;
  const line = `${Math.round((Date.now() - startedMs) / 1000)} s: ${counts.accepted} metrics stored${failures}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : "");
}

/** Of the metrics, so many are followed by a request to the composer, which makes two more. */
const COMPOSER_SHARE = 0.1;
const composer = createDemoComposer(url, key, Date.now() >>> 0);
let composerDue = 0;

/** Metrics that are due and not sent, a fraction of one included. */
let due = 0;
let coveredMs = startedMs;
while (!stopped && Date.now() - startedMs < seconds * 1000) {
  const spanMs = Date.now() - coveredMs;
  due += (rateAt(rate, coveredMs) * spanMs) / 1000;
  if (spanMs > 0) await sender.send(Math.floor(due), coveredMs, spanMs);
  composerDue += Math.floor(due) * COMPOSER_SHARE;
  composer.serve(Math.floor(composerDue));
  composerDue %= 1;
  due %= 1;
  coveredMs += spanMs;
  showProgress();
  await sleep(TICK_MS);
}
await sender.drain();
const ofComposer = await composer.close();
if (made !== undefined) await withAdministration(config, ({ keys }) => keys.revoke(made.record.id));
const stored = counts.accepted + ofComposer.accepted;
const failed = counts.failed + ofComposer.failed;
process.stderr.write(`\nSent ${stored + failed} metrics; ${stored} stored, ${failed} failed.\n`);
process.exit(failed > 0 ? 1 : 0);
