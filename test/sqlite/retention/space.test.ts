import { statSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../../src/lib/time.ts";
import { giveBackSpace } from "../../../src/sqlite/file/operations.ts";
import { NOW_MS } from "../../support/time.ts";
import { cleanUp, GROUPS, setup } from "./cleanups.ts";

test("the file shrinks after much was deleted, and keeps some pages to use again", () => {
  const { path, database, submit, rollUp } = setup();
  const many = (timeMs: number) => Array.from({ length: 50_000 }, (_, index) => timeMs + index);
  submit("auth_request", ...many(NOW_MS - 200 * DAY_MS));
  submit("auth_request", NOW_MS);
  rollUp();
  const sizeOf = () => {
    database.script("PRAGMA wal_checkpoint(TRUNCATE)");
    return statSync(path).size;
  };
  const before = sizeOf();
  const first = () => Number(database.first("PRAGMA freelist_count")?.freelist_count);
  assert.is(giveBackSpace(database), false, "nothing is free yet");
  cleanUp(database, GROUPS[0] ?? []);
  assert.ok(first() > 500, `${first()} pages are free`);
  let steps = 1;
  while (giveBackSpace(database)) steps += 1;
  assert.ok(steps > 5, "in steps");
  assert.ok(first() > 256 - 64 && first() <= 256, `${first()} pages are kept`);
  assert.ok(sizeOf() < before * 0.7, `${sizeOf()} of ${before} bytes`);
  assert.is(database.first("PRAGMA integrity_check")?.integrity_check, "ok");
  database.close();
});

test.run();
