import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAudit, LOCAL_COMMAND_LINE } from "../../src/api/admin/audit.ts";
import { ServiceError } from "../../src/errors.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { TestClock } from "../support/time.ts";

/** A trail that can fail to be written. */
function setup({ fails = false } = {}) {
  const clock = new TestClock();
  const lines: Record<string, unknown>[] = [];
  const rows: string[] = [];
  const full = () => new ServiceError("storage_unavailable", "disk full");
  const audit = createAudit({
    clock,
    logger: createLogger({
      level: "info",
      write: (line) => lines.push(JSON.parse(line)),
      wallMs: clock.wallMs,
    }),
    store: {
      async record({ action }, outcome) {
        if (fails) throw full();
        return rows.push(`${action} ${outcome}`);
      },
      async finish(id, outcome) {
        rows.push(`${id} ${outcome}`);
      },
      list: async () => [],
    },
  });
  return { audit, lines, rows };
}

const ACT = { action: "backup", target: "/b" };

test("what takes long has a row before it begins, and its end is logged", async () => {
  const { audit, rows } = setup();
  await audit.spanning(LOCAL_COMMAND_LINE, ACT, async () => assert.equal(rows, ["backup started"]));
  assert.equal(rows, ["backup started", "1 ok"]);
});

test("a cleanup of a full disk is not rejected because it cannot be written down; the log reports both", async () => {
  const { audit, lines } = setup({ fails: true });
  assert.is(await audit.spanning(LOCAL_COMMAND_LINE, ACT, async () => 7), 7);
  assert.equal(
    lines.map(({ message }) => message),
    [
      "an administrative act could not be written down",
      "administrative act",
      "an administrative act could not be written down",
    ],
  );
});

test("a failure is written down with its reason, and reaches the caller as it was", async () => {
  const { audit, rows, lines } = setup();
  const failure = new ServiceError("not_found", "no API key 9");
  const defect = new Error("secret internals");
  for (const error of [failure, defect]) {
    const told = await audit.transacted(LOCAL_COMMAND_LINE, ACT, () => Promise.reject(error)).catch((e) => e);
    assert.is(told, error);
  }
  assert.equal(rows, ["backup not_found", "backup internal"]);
  assert.not.ok(JSON.stringify(lines).includes("internals"));
});

test.run();
