import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDoors } from "../support/doors.ts";
import { ADMIN_KEY, startTestService, WRITER_KEY } from "../support/service.ts";
import { openRows } from "../support/sql.ts";
import { GOOD_METRIC } from "./door-case.ts";

const service = await startTestService();
const doors = openDoors(service.url);
const rows = openRows(service.databasePath);
const COPIES = 32;

test.after(async () => {
  for (const door of doors) door.close();
  rows.close();
  await service.close();
});

const submission = (idempotency_key: string, value = 1) => ({
  service: "test",
  idempotency_key,
  metrics: [{ ...GOOD_METRIC, value }],
});

for (const [index, door] of doors.entries()) {
  test(`of ${COPIES} equal calls at one moment one stores and all get its answer: ${door.name}`, async () => {
    rows.skipOld();
    const send = () => door.submit(submission(`race-${index}`), { "x-api-key": WRITER_KEY });
    const answers = await Promise.all(Array.from({ length: COPIES }, send));
    const [requestId = "", ...others] = new Set(answers.map((answer) => answer.requestId));
    assert.equal(others, []);
    assert.is(answers.filter(({ duplicate }) => !duplicate).length, 1);
    assert.ok(answers.every(({ accepted, failure }) => accepted === 1 && failure === undefined));
    assert.is(rows.readNew(requestId).metrics?.length, 1);
  });

  test(`of two different calls with one key at one moment one is rejected: ${door.name}`, async () => {
    const send = (value: number) =>
      door.submit(submission(`fight-${index}`, value), { "x-api-key": WRITER_KEY });
    const answers = await Promise.all([send(1), send(2)]);
    const failures = answers.map(({ failure }) => failure).sort();
    assert.equal(failures, ["idempotency_conflict", undefined]);
  });
}

test("an idempotency key belongs to its API key", async () => {
  const [door] = doors;
  for (const key of [WRITER_KEY, ADMIN_KEY]) {
    const answer = await door?.submit(submission("shared"), { "x-api-key": key });
    assert.is(answer?.duplicate, false);
  }
});

test("a duplicate is the first answer in every field", async () => {
  for (const [index, door] of doors.entries()) {
    const send = () =>
      door.submit(
        {
          service: "test",
          version: "not semver",
          idempotency_key: `same-${index}`,
          metrics: [GOOD_METRIC, { type: "custom", value: 2e12 }],
        },
        { "x-api-key": WRITER_KEY },
      );
    const { headers: _first, ...first } = await send();
    const { headers: _again, ...again } = await send();
    assert.is(first.rejected, 1);
    assert.is(first.warnings.length, 1);
    assert.equal(again, { ...first, duplicate: true }, door.name);
  }
});

test.run();
