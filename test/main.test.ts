import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { Agent, get as httpGet, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ServiceProcess } from "../bench/service-process.ts";
import { isDatabaseInUse } from "../src/sqlite/file/lock.ts";
import { submit, submitInFlight, valuesIn } from "./faults/requests.ts";
import { temporaryPath } from "./sqlite/databases.ts";
import { needing } from "./support/needs.ts";
import { startTestService } from "./support/service.ts";
import { createServices, KEYS, logged } from "./support/service-process.ts";
import { until } from "./support/wait.ts";

const { start, killAll } = createServices();
// A test that fails must not leave a process behind, which uvu would wait for.
test.after.each(killAll);

/** Signal without waiting for the end. */
function signal(service: ServiceProcess, name: "SIGTERM"): void {
  process.kill(service.pid, name);
}

test("a Submit in flight at SIGTERM is answered, and on disk after the restart", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath);
  assert.is((await submit(service.port, [1])).status, 200);
  const inFlight = await submitInFlight(service.port, [2, 3]);
  const ended = service.stop("SIGTERM");
  await logged(service, "shutting down");
  inFlight.finish();
  const { status, headers, body } = await inFlight.answer;
  assert.equal([status, body.accepted, headers.connection], [200, 2, "close"]);
  assert.is((await ended).code, 0);
  assert.is((await submit(service.port, [4])).status, 0);
  const next = await start(databasePath);
  assert.equal(valuesIn(databasePath), [1, 2, 3]);
  await next.stop("SIGTERM");
});

test("readiness turns 503 at once when the end begins, while liveness stays 200", async () => {
  const { service, url, close } = await startTestService({ METRICS_API_KEY_GATEWAY: KEYS.gateway });
  const inFlight = await submitInFlight(service.port, [1]);
  // Open connections are the only way in once the end has begun.
  const agents = { ready: new Agent({ keepAlive: true }), live: new Agent({ keepAlive: true }) };
  const look = async (path: string, agent: Agent) => {
    const [response] = (await once(httpGet(`${url}${path}`, { agent }), "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode;
  };
  const lookAtBoth = () => Promise.all([look("/health/ready", agents.ready), look("/health", agents.live)]);
  assert.equal(await lookAtBoth(), [200, 200]);
  const closed = service.close();
  assert.equal(await lookAtBoth(), [503, 200]);
  inFlight.finish();
  assert.is((await inFlight.answer).status, 200);
  await closed;
  for (const agent of Object.values(agents)) agent.destroy();
  await close();
});

test("a second SIGTERM ends the process at once, with exit code 1", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath, { SHUTDOWN_TIMEOUT_SECONDS: "60" });
  assert.is((await submit(service.port, [1])).status, 200);
  await submitInFlight(service.port, [2]);
  signal(service, "SIGTERM");
  await logged(service, "shutting down");
  const { code, ms } = await service.stop("SIGTERM");
  assert.is(code, 1);
  // It would wait for sixty seconds otherwise.
  assert.ok(ms < 30_000, `${ms} ms`);
  assert.is(isDatabaseInUse(databasePath), false);
  assert.equal(valuesIn(databasePath), [1]);
});

test("a client that never finishes its body is cut off after SHUTDOWN_TIMEOUT_SECONDS, and counted", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath, { SHUTDOWN_TIMEOUT_SECONDS: "1" });
  await submitInFlight(service.port, [1]);
  assert.is((await submit(service.port, [2])).status, 200);
  const { code, ms } = await service.stop("SIGTERM");
  assert.is(code, 1);
  // By default it would be ten seconds.
  assert.ok(ms > 900 && ms < 9000, `${ms} ms`);
  const line = service.log.find((entry) => entry.includes("cut off unanswered")) ?? "{}";
  assert.is(JSON.parse(line).requests, 1);
  assert.equal(valuesIn(databasePath), [2]);
});

test("after the end the database is left, its secret, id and lock: no log, no announcement, nothing held", async () => {
  const databasePath = temporaryPath();
  const service = await start(databasePath);
  assert.ok(existsSync(`${databasePath}-service.json`));
  assert.is((await submit(service.port, [1])).status, 200);
  assert.is((await service.stop("SIGTERM")).code, 0);
  const left = readdirSync(dirname(databasePath)).filter((file) => !file.includes("-lock"));
  assert.equal(left.sort(), ["metrics.db", "metrics.db-instance", "metrics.db-secret"]);
  assert.is(isDatabaseInUse(databasePath), false);
  assert.equal(valuesIn(databasePath), [1]);
});

needing(test, "curl")(
  "the first start prints a command that submits a metric; the next start prints none",
  async () => {
    const databasePath = temporaryPath();
    const first = await start(databasePath, {}, {});
    await until("the whole command", () => first.log.some((line) => line.startsWith("  -d ")));
    const command = /^curl .*\\\n(?:.*\\\n)*.*$/m.exec(first.log.join("\n"))?.[0] ?? "false";
    const { stdout } = await promisify(execFile)("sh", ["-c", command.replace(/^curl/, "curl -sS")]);
    assert.is(JSON.parse(stdout).accepted, 1);
    assert.equal(valuesIn(databasePath), [1]);
    assert.is((await first.stop("SIGTERM")).code, 0);
    const second = await start(databasePath, {}, {});
    await second.stop("SIGTERM");
    assert.not.match(second.log.join("\n"), /curl|mcp_metrics_/);
  },
);

test("a start that fails leaves nothing open: no port, no lock, no announcement", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  for (const name of ["METRICS_SERVICE_PORT", "OTEL_PROMETHEUS_PORT"]) {
    const databasePath = temporaryPath();
    const error = await startTestService({ SQLITE_DB_PATH: databasePath, [name]: `${port}` }).then(
      () => undefined,
      (failure: unknown) => failure as Error,
    );
    assert.match(error?.message ?? "", "EADDRINUSE");
    assert.is(isDatabaseInUse(databasePath), false);
    assert.not(existsSync(`${databasePath}-service.json`));
  }
  other.close();
  await once(other, "close");
});

test("closing twice, or twice at once, is closing once", async () => {
  const { service, close, logs } = await startTestService();
  await Promise.all([service.close(), service.close()]);
  await close();
  assert.not(logs.some(({ level }) => level === "ERROR"));
});

test.run();
