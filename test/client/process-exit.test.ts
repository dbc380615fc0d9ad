import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WRITER_KEY } from "../support/service.ts";
import { closeAll, startService } from "./client-and-service.ts";

test.after.each(closeAll);

const LIBRARY = new URL("../../src/client/index.ts", import.meta.url).href;

/** Runs a program of a host; resolves to what it printed once it has ended. */
async function runHost(url: string, transport: string, program: string): Promise<string> {
  const source = `
    const { MetricsClient } = await import(${JSON.stringify(LIBRARY)});
    const client = new MetricsClient(${JSON.stringify({ url, service: "test", apiKey: WRITER_KEY, transport })});
    const emit = (count) => { while (count-- > 0) client.emitCustom({ name: "n", value: 1 }); };
    ${program}`;
  const answer = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source]);
  return answer.stdout + answer.stderr;
}

for (const transport of ["connect", "grpc"]) {
  test(`a process that ends by itself leaves nothing behind, over ${transport}`, async () => {
    const service = await startService();
    await runHost(service.url, transport, "emit(150);");
    assert.is(service.rows().length, 150);
  });
}

test("what a host emits whenever it would end is sent, and keeps it for no longer", async () => {
  const service = await startService();
  await runHost(
    service.url,
    "connect",
    `let ends = 0;
    process.on("beforeExit", () => { if (++ends > 9) process.exit(1); emit(1); });
    emit(10);`,
  );
  assert.ok(service.rows().length > 10);
});

test("the host's own handler of SIGTERM closes the client; the library installs none", async () => {
  const service = await startService();
  const printed = await runHost(
    service.url,
    "connect",
    `emit(10);
    console.log("handlers", process.listenerCount("SIGTERM"), process.listenerCount("SIGINT"));
    process.on("SIGTERM", async () => { await client.close(); process.exit(0); });
    setInterval(() => {}, 1000);
    process.kill(process.pid, "SIGTERM");`,
  );
  assert.match(printed, "handlers 0 0");
  assert.is(service.rows().length, 10);
});

test("without a listener, Node warns once of a loss", async () => {
  const service = await startService();
  const printed = await runHost(
    service.url,
    "connect",
    `client.emit("nonsense"); await client.flush(); client.emit("nonsense"); await client.flush();`,
  );
  assert.is(printed.match(/MetricsWarning: metrics rejected: .*nonsense/g)?.length, 1);
});

test.run();
