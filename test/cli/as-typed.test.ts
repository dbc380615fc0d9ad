/** Commands that are named in texts for people: as their reader has to type them. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { createAsTyped } from "../../src/cli/as-typed.ts";
import { createCheckout } from "../legacy/guide.ts";
import { addKey, createPredecessor } from "../legacy/predecessor.ts";
import { until } from "../support/wait.ts";
import { runCli } from "./run-cli.ts";

const NPM = "npm run -s mcp-metrics --";

for (const { text, byNpm } of [
  { text: "mcp-metrics keys list", byNpm: `${NPM} keys list` },
  {
    text: "restore a backup (mcp-metrics doctor --full tells more)",
    byNpm: `restore a backup (${NPM} doctor --full tells more)`,
  },
  { text: "Try: mcp-metrics --help", byNpm: `Try: ${NPM} --help` },
  {
    text: "a\n  A=b mcp-metrics serve\n  mcp-metrics migrate up",
    byNpm: `a\n  A=b ${NPM} serve\n  ${NPM} migrate up`,
  },
  // No commands.
  { text: "mcp-metrics: no database" },
  { text: "mcp-metrics takes metrics at http://localhost:8890" },
  { text: "mcp-metrics server-123, mcp-metrics keys-2" },
  { text: "/opt/mcp-metrics serve, my-mcp-metrics serve" },
]) {
  test(`${JSON.stringify(text)} by a script of npm, and by the command itself`, () => {
    assert.is(createAsTyped(true)(text), byNpm ?? text);
    assert.is(createAsTyped(false)(text), text);
  });
}

test("a start on a predecessor's database says two lines which, typed as they stand, serve what was in it", async () => {
  const checkout = createCheckout();
  try {
    const path = join(checkout.folder, "it's old.db");
    const old = createPredecessor(path);
    addKey(old, hashKey("a-key-of-the-predecessor"), "gateway");
    old.close();
    const ports =
      "export METRICS_SERVICE_PORT=0 METRICS_SERVICE_HOST=127.0.0.1 OTEL_PROMETHEUS_ENABLED=false";
    const typed = `SQLITE_DB_PATH="$PWD/it's old.db" npm start || echo "ended with $?"`;
    const refused = await checkout.run(`${ports}\n${typed}`);
    assert.match(refused.output(), "ended with 65");
    const [take = "", serve = "", ...others] = refused.output().match(/^ {2}\S.*mcp-metrics.*$/gm) ?? [];
    assert.equal(others, []);
    const { output, stop } = await checkout.run(`${ports}\n${take}\n${serve} &`);
    assert.match(output(), "1 imported, 0 left as they are here");
    await until("the service", () => output().includes('"message":"listening"'), 60_000);
    await stop();
    const env = { SQLITE_DB_PATH: join(checkout.folder, "mcp-metrics.db") };
    assert.match((await runCli(["keys", "list"], env)).stdout, "gateway");
  } finally {
    checkout.remove();
  }
});

test.run();
