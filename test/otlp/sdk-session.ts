/** An application with the OpenTelemetry SDK, and the service it exports to, which comes and goes. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import * as assert from "uvu/assert";
import { type ServiceProcess, startService } from "../../bench/service-process.ts";
import { readConfig } from "../../src/config.ts";
import { openReader } from "../../src/sqlite/file/open.ts";
import { verifyRollups } from "../../src/sqlite/rollups/verify.ts";
import { temporaryPath } from "../sqlite/databases.ts";
import { parseExposition, type Sample } from "../support/exposition.ts";
import { freePort } from "../support/free-port.ts";
import type { StartApplication } from "./sdk-application.ts";

const KEY = "sdk-key-0123456789abcdef";
const ATTEMPTS_MAX = 20_000;

export type Session = Awaited<ReturnType<typeof openSession>>;

export async function openSession(startApplication: StartApplication) {
  const databasePath = temporaryPath();
  const port = await freePort();
  const application = startApplication(port, KEY);
  const done = { calls: [] as { seconds: number; isSuccess: boolean }[], jobs: 0, sizes: [] as number[] };
  const scrapes: Sample[] = [];
  let service: ServiceProcess = await start();

  function start(): Promise<ServiceProcess> {
    const env = { METRICS_SERVICE_PORT: String(port) };
    return startService({ databasePath, keys: { sdk: KEY }, env });
  }

  /** What the service has counted in this life. */
  async function scrape(): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${service.prometheusPort}/metrics`);
    scrapes.push(...parseExposition(await answer.text()));
  }

  /** Over all lives. */
  function scraped(name: string, labels: Readonly<Record<string, string>>): number {
    const found = scrapes.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return total(found.map(({ value }) => value));
  }

  function assertStored(): void {
    const database = openReader(databasePath);
    const first = (sql: string, ...values: readonly unknown[]) =>
      database.first(sql, ...(values as string[]));
    const custom = `SELECT sum(value) AS value, sum(count) AS count FROM metrics
      WHERE service = 'sdk' AND metric_type = 'custom' AND dimensions ->> '$.metric_name' = ?`;
    assert.is(first(custom, "jobs.done")?.value, done.jobs);
    const sizesStored = first(custom, "response.size");
    assert.equal([sizesStored?.count, sizesStored?.value], [done.sizes.length, total(done.sizes)]);
    for (const isSuccess of [true, false]) {
      const seconds = secondsOf(isSuccess);
      const row = first(
        `SELECT sum(value) AS value, sum(m.count) AS count, sum(sum_duration_ms) AS ms
         FROM metrics AS m JOIN tool_metrics AS t ON t.id = m.id WHERE t.success = ?`,
        isSuccess,
      );
      assert.equal(
        [row?.value, row?.count, row?.ms],
        [seconds.length, seconds.length, total(seconds) * 1000],
      );
    }
    database.close();
  }

  const secondsOf = (isSuccess: boolean) =>
    done.calls.filter((call) => call.isSuccess === isSuccess).map(({ seconds }) => seconds);

  function assertScraped(): void {
    assert.is(scraped("mcp_custom_metrics_total", { metric_name: "jobs.done" }), done.jobs);
    for (const isSuccess of [true, false]) {
      const labels = {
        service: "sdk",
        success: String(isSuccess),
        tool_name: "search",
        method: "tools/call",
      };
      const seconds = secondsOf(isSuccess);
      assert.is(scraped("mcp_tool_executions_total", labels), seconds.length);
      assert.is(scraped("mcp_tool_execution_duration_seconds_count", labels), seconds.length);
      assert.is(scraped("mcp_tool_execution_duration_seconds_sum", labels), total(seconds));
      for (const bound of readConfig({}).telemetry.secondsBuckets) {
        const bucket = { ...labels, le: String(bound) };
        const wanted = seconds.filter((each) => each <= bound).length;
        assert.is(scraped("mcp_tool_execution_duration_seconds_bucket", bucket), wanted, `le ${bound}`);
      }
    }
  }

  async function assertRolledUp(): Promise<void> {
    const headers = { "x-api-key": KEY };
    await fetch(`http://127.0.0.1:${port}/flush`, { method: "POST", headers });
    const database = openReader(databasePath);
    const row = database.first(
      `SELECT sum(count) AS count, sum(sum_value) AS value, sum(sum_duration_ms) AS ms, sum(success_count) AS successes
       FROM metrics_hourly WHERE metric_type = 'tool_execution'`,
    );
    const { length } = done.calls;
    const ms = total(done.calls.map(({ seconds }) => seconds * 1000));
    assert.equal(
      [row?.count, row?.value, row?.ms, row?.successes],
      [length, length, ms, secondsOf(true).length],
    );
    assert.equal(verifyRollups(database).differences, []);
    database.close();
  }

  return {
    call(seconds: number, error: string | undefined): void {
      application.call(seconds, error);
      done.calls.push({ seconds, isSuccess: error === undefined });
    },
    finishJobs(count: number): void {
      application.finishJobs(count);
      done.jobs += count;
    },
    send(bytes: number): void {
      application.send(bytes);
      done.sizes.push(bytes);
    },
    /** Hand over what there is so far, to a service that may not be there. */
    tryExport: () => application.export(),
    /** … until it is taken: gRPC looks for a service that had gone only after a second or two. */
    async export(): Promise<void> {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        if (await application.export()) return;
      }
      throw new Error("no export was taken");
    },
    async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
      await scrape();
      await service.stop(signal);
    },
    /** Without a look at what it has counted. */
    kill: () => service.stop("SIGKILL"),
    async start(): Promise<void> {
      service = await start();
    },
    assertStored,
    async assertTotals(): Promise<void> {
      await scrape();
      assertStored();
      assertScraped();
      await assertRolledUp();
    },
    async close(): Promise<void> {
      await application.close();
      await service.stop("SIGTERM");
      rmSync(dirname(databasePath), { recursive: true, force: true });
    },
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
