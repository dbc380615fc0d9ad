import { MetricsCollector } from "../../src/client/index.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { parseExposition } from "../support/exposition.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { TestClock } from "../support/time.ts";
import { closeAll, openClient } from "./client-and-service.ts";

let service: TestService | undefined;

/** To be called after each test. */
export async function closeCollector(): Promise<void> {
  await closeAll();
  await service?.close();
  service = undefined;
}

/** A service, a client of its instance `i1`, and a collector on it whose time passes when a test says so. */
export async function openCollector() {
  const clock = new TestClock(Date.now());
  // It is the same time for both; the timers of the service run as always.
  const running = await startTestService({}, { ...systemClock, wallMs: clock.wallMs });
  service = running;
  const { client, problems } = openClient({
    url: running.url,
    clock,
    instanceId: "i1",
    bufferMetrics: 100_000,
  });
  const collector = new MetricsCollector(client, { clock });
  /** What a scrape shows of a family, by its own labels. */
  async function scrape(name: string): Promise<Readonly<Record<string, number>>> {
    await client.flush();
    const samples = parseExposition(await (await fetch(running.prometheusUrl)).text());
    const found = samples.filter((sample) => sample.name === name);
    return Object.fromEntries(
      found.map(({ labels, value }) => {
        const own = Object.entries(labels).filter(([label]) => !["service", "instance_id"].includes(label));
        return [own.map(([label, text]) => `${label}=${text}`).join(" "), value];
      }),
    );
  }
  return { running, clock, client, problems, collector, scrape };
}
