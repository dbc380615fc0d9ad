import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { unlessMissing } from "../support/needs.ts";
import { createServices } from "../support/service-process.ts";
import { until } from "../support/wait.ts";
import { submit, valuesIn } from "./requests.ts";
import { missingForStrace } from "./tools.ts";

const guarantee = unlessMissing(test, missingForStrace());

const { start, killAll } = createServices();
test.after.each(killAll);

/** From now on these system calls of the process fail. */
async function inject(pid: number, fault: string): Promise<void> {
  const tracer = spawn("strace", ["-f", "-p", `${pid}`, "-o", "/dev/null", "-e", `inject=${fault}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  // "Process 1234 attached"
  await once(tracer.stderr, "data");
  tracer.stderr.resume();
}

const FAULTS: readonly { name: string; fault: string }[] = [
  { name: "every fsync fails", fault: "fsync,fdatasync:error=EIO" },
  { name: "one fsync fails, and the next would succeed", fault: "fsync,fdatasync:error=EIO:when=1" },
  { name: "writing fails", fault: "pwrite64:error=EIO" },
];

for (const { name, fault } of FAULTS) {
  guarantee(`${name}: nothing is acknowledged any more, and the process ends`, async () => {
    const databasePath = temporaryPath();
    const service = await start(databasePath);
    const acknowledged: number[] = [];
    for (const value of [1, 2, 3]) {
      assert.is((await submit(service.port, [value])).status, 200);
      acknowledged.push(value);
    }
    await inject(service.pid, fault);
    const first = await submit(service.port, [4]);
    assert.is(first.status, 503);
    let value = 5;
    await until("the end of the process", async () => {
      const { status } = await submit(service.port, [value++]);
      assert.ok(status === 503 || status === 0, `${status} after the failure`);
      return !service.isRunning();
    });
    assert.is((await service.stop("SIGKILL")).code, 70);
    assert.ok(service.log.some((line) => line.includes("the database failed")));
    const next = await start(databasePath);
    const found = valuesIn(databasePath);
    for (const expected of acknowledged) assert.ok(found.includes(expected));
    assert.is((await submit(next.port, [100])).status, 200);
    assert.is((await next.stop("SIGTERM")).code, 0);
  });
}

test.run();
