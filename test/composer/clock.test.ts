/** Clocks that are ahead, and go back: what was reported last is what is so, on the scrape and over REST. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import { temporaryPath } from "../sqlite/databases.ts";
import { submitMetrics } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { parseScrape } from "../telemetry/scrape.ts";
import { count, offer, state } from "./metrics.ts";
import { get } from "./requests.ts";
import { createShiftedClock } from "./shifted-clock.ts";

type ShiftedClock = ReturnType<typeof createShiftedClock>;

/** Servers and tools of the one instance, and a gauge of another type, wherever they can be read. */
async function seen({ prometheusUrl }: TestService, url: string) {
  const scrape = parseScrape(await (await fetch(prometheusUrl)).text());
  const gauge = (name: string) => scrape.find((sample) => sample.name === name)?.value;
  const { body } = await get({ url } as TestService, "/api/v1/metrics", WRITER_KEY);
  const { servers, capabilities } = body as Record<string, Record<string, number>>;
  return [
    gauge("mcp_servers_total"),
    servers?.total,
    gauge("mcp_tools_total"),
    capabilities?.tools,
    gauge("mcp_tool_conflicts_total"),
  ];
}

const report = ({ url }: TestService, value: number, timestamp?: string) =>
  submitMetrics(
    url,
    [count("total", value), offer("tools", value), state("tool_conflicts", value)].map((metric) =>
      timestamp === undefined ? metric : { ...metric, timestamp },
    ),
    { instance_id: "pod" },
  );

async function within(
  work: (service: TestService, clock: ShiftedClock, restart: () => Promise<TestService>) => Promise<void>,
): Promise<void> {
  const clock = createShiftedClock();
  const start = () => startTestService({ SQLITE_DB_PATH: path }, clock);
  const path = temporaryPath();
  let service = await start();
  try {
    await work(service, clock, async () => {
      await service.close();
      service = await start();
      return service;
    });
  } finally {
    await service.close();
  }
}

test("the service's clock is an hour ahead, and goes back", () =>
  within(async (service, clock) => {
    clock.advance(HOUR_MS);
    await report(service, 5);
    assert.equal(await seen(service, service.url), [5, 5, 5, 5, 5]);
    clock.advance(-HOUR_MS);
    await report(service, 2);
    assert.equal(await seen(service, service.url), [2, 2, 2, 2, 2]);
    clock.advance(1000);
    await report(service, 3);
    assert.equal(await seen(service, service.url), [3, 3, 3, 3, 3]);
  }));

test("… over a restart", () =>
  within(async (first, clock, restart) => {
    clock.advance(HOUR_MS);
    await report(first, 5);
    clock.advance(-HOUR_MS);
    const second = await restart();
    await report(second, 2);
    assert.equal(await seen(second, second.url), [2, 2, 2, 2, 2]);
    const third = await restart();
    assert.equal(await seen(third, third.url), [2, 2, 2, 2, 2]);
  }));

test("a sender's clock is minutes ahead, and is set right", () =>
  within(async (service, clock) => {
    const at = (ms: number) => new Date(clock.wallMs() + ms).toISOString();
    await report(service, 5, at(4 * MINUTE_MS));
    assert.equal(await seen(service, service.url), [5, 5, 5, 5, 5]);
    await report(service, 4, at(4 * MINUTE_MS));
    assert.equal(await seen(service, service.url), [4, 4, 4, 4, 4], "of two at once the later arrival");
    clock.advance(1000);
    await report(service, 2, at(-500));
    assert.equal(await seen(service, service.url), [2, 2, 2, 2, 2]);
    await report(service, 1, at(-700));
    assert.equal(await seen(service, service.url), [2, 2, 2, 2, 2], "what was so before changes nothing");
  }));

test("an instance that signed off on a clock ahead is there again with its next report", () =>
  within(async (service, clock) => {
    clock.advance(HOUR_MS);
    await report(service, 5);
    await submitMetrics(service.url, [state("composer_shutdown", 1)], { instance_id: "pod" });
    clock.advance(-HOUR_MS);
    await report(service, 2);
    const scrape = parseScrape(await (await fetch(service.prometheusUrl)).text());
    assert.is(scrape.find(({ name }) => name === "mcp_servers_total")?.value, 2);
  }));

test.run();
