import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectRaw } from "../../support/open-test-listener.ts";

const SERVER = fileURLToPath(new URL("../../support/listener-short-of-files.ts", import.meta.url));
const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("out of file descriptors the process lives, does not spin, and serves again when they return", async () => {
  const child = spawn("sh", ["-c", `ulimit -n 64 && exec "$0" "$1"`, process.execPath, SERVER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  const port = Number((await nextLine()).replace("port ", ""));
  const peers = Array.from({ length: 300 }, () => connectRaw(port));
  await nextLine();
  const shortage = await nextLine();
  const cpuMs = Number(/cpu (\d+)/.exec(shortage)?.[1]);
  assert.match(shortage, / 1 errors/, "told once a minute");
  assert.ok(cpuMs < 500, `used ${cpuMs} ms of CPU in a second of shortage`);
  for (const { socket } of peers) socket.destroy();
  await Promise.all(peers.map((peer) => peer.closed));
  await nextLine();
  const next = connectRaw(port, GET);
  await next.closed;
  assert.match(next.text(), /^HTTP\/1.1 200/);
  assert.is(child.exitCode, null);
  child.kill();
});

test.run();
