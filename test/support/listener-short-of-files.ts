/** A process of its own, with few file descriptors: serves, says its port, then each second the CPU used. */
import { openTestListener } from "./open-test-listener.ts";

const listener = await openTestListener();
process.stdout.write(`port ${listener.port}\n`);
let before = process.cpuUsage();
setInterval(() => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  process.stdout.write(`cpu ${Math.round((user + system) / 1_000)} ms, ${listener.errors.length} errors\n`);
}, 1_000);
