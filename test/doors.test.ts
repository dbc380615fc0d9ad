/** One table of cases through every door: equal answers, and equal rows in SQL. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../src/lib/clock.ts";
import { DOOR, type DoorCase, type Expected, type Step } from "./doors/door-case.ts";
import { ENVELOPE_CASES } from "./doors/envelope-cases.ts";
import { FIELD_CASES } from "./doors/field-cases.ts";
import { IDEMPOTENCY_CASES } from "./doors/idempotency-cases.ts";
import { TEXT_CASES } from "./doors/text-cases.ts";
import { TYPE_CASES } from "./doors/type-cases.ts";
import { VALUE_CASES } from "./doors/value-cases.ts";
import { type Door, openDoors } from "./support/doors.ts";
import type { Outcome } from "./support/outcomes.ts";
import { startTestService, WRITER_KEY } from "./support/service.ts";
import type { TestSubmission } from "./support/spellings.ts";
import { openRows, type Rows } from "./support/sql.ts";
import { NOW_MS } from "./support/time.ts";

const CASES: readonly DoorCase[] = [
  ...TYPE_CASES,
  ...ENVELOPE_CASES,
  ...VALUE_CASES,
  ...FIELD_CASES,
  ...TEXT_CASES,
  ...IDEMPOTENCY_CASES,
];

const service = await startTestService({}, { ...systemClock, wallMs: () => NOW_MS });
const doors = openDoors(service.url);
const rows = openRows(service.databasePath);
const wording = new Set<string>();

test.after(async () => {
  for (const door of doors) door.close();
  rows.close();
  await service.close();
});

/** What must not differ between doors. */
function comparable(outcome: Outcome, protocol: Door["protocol"], stored: Rows) {
  const { requestId: _id, code: _code, httpStatus: _status, headers: _headers, problems, ...same } = outcome;
  // A REST failure names the rules in `errors`; with a reason each, only an RPC's details do.
  const isTold = outcome.failure === undefined || protocol !== "REST";
  return { same, problems: isTold ? problems : undefined, stored };
}

function ofDoor(text: string, index: number): string {
  return text.replaceAll(DOOR, String(index));
}

async function run(door: Door, index: number, { send, headers = {}, expect }: Step) {
  const submission: TestSubmission = {
    ...send,
    ...(typeof send.idempotency_key === "string" && {
      idempotency_key: ofDoor(send.idempotency_key, index),
    }),
  };
  const extra = Object.entries(headers).map(([name, value]) => [name, ofDoor(value, index)]);
  rows.skipOld();
  const outcome = await door.submit(submission, { "x-api-key": WRITER_KEY, ...Object.fromEntries(extra) });
  const stored = rows.readNew(outcome.requestId);
  check(expect, send, outcome, stored, door);
  return comparable(outcome, door.protocol, stored);
}

function check(expect: Expected, send: TestSubmission, outcome: Outcome, stored: Rows, door: Door): void {
  const sent = send.metrics?.length ?? 0;
  const accepted = expect.failure === undefined ? (expect.accepted ?? sent) : 0;
  assert.is(outcome.failure, expect.failure, `${door.name}: ${outcome.message}`);
  assert.match(outcome.requestId, /^req_[0-9a-f]{16}$/, door.name);
  assert.is(outcome.accepted, accepted, door.name);
  if (expect.failure === undefined) assert.is(outcome.rejected, sent - accepted, door.name);
  assert.is(outcome.duplicate, expect.duplicate ?? false, door.name);
  if (expect.failure === undefined || door.protocol !== "REST") {
    const problems = outcome.problems.map(({ field, reason }) => `${field} ${reason}`);
    assert.equal(problems, expect.problems ?? [], door.name);
    assert.equal(
      outcome.errors,
      outcome.problems.map(({ field, message }) => `${field}: ${message}`),
      door.name,
    );
  }
  for (const text of expect.errors ?? [])
    assert.ok(
      outcome.errors.some((error) => error.includes(text)),
      `${door.name}: ${text}: ${outcome.errors}`,
    );
  assert.is(outcome.warnings.length, expect.warnings?.length ?? 0, `${door.name}: ${outcome.warnings}`);
  for (const [at, text] of (expect.warnings ?? []).entries())
    assert.ok(outcome.warnings[at]?.includes(text), `${door.name}: ${outcome.warnings[at]}`);
  for (const text of [...outcome.errors, ...outcome.warnings]) wording.add(text);

  assert.is(stored.metrics?.length, expect.duplicate ? 0 : accepted, `${door.name}: rows`);
  for (const [view, expected] of Object.entries(expect.rows ?? {})) {
    const found = (stored[view] ?? []).map((row, at) => {
      const names = Object.keys(expected[at] ?? {});
      return Object.fromEntries(names.map((name) => [name, row[name]]));
    });
    assert.equal(found, expected, `${door.name}: ${view}`);
  }
}

for (const { name, steps, notThrough } of CASES) {
  const able = doors.filter(({ protocol }) => !notThrough?.protocols.includes(protocol));
  test(`${name}: the same through ${able.length} kinds of client`, async () => {
    const results = [];
    for (const door of able) {
      const result = [];
      for (const step of steps) result.push(await run(door, doors.indexOf(door), step));
      results.push({ door: door.name, result });
    }
    for (const { door, result } of results) {
      for (const [step, { same, problems, stored }] of result.entries()) {
        const first = results[0]?.result[step];
        const firstTold = results
          .map((each) => each.result[step]?.problems)
          .find((told) => told !== undefined);
        assert.equal(same, first?.same, door);
        assert.equal(stored, first?.stored, door);
        if (problems !== undefined) assert.equal(problems, firstTold, door);
      }
    }
  });
}

/** Clients and runbooks search for these. */
const KEPT_WORDING = [
  "Service name is required",
  "Service name too long",
  "must contain only alphanumeric",
  "At least one metric is required",
  "Too many metrics",
  "Metric value is required",
  "must be numeric",
  "out of range",
  "cannot be NaN",
  "cannot be infinite",
  "Duration cannot be negative",
  "Duration too large",
  "too far in the future",
  "very old",
  "semantic versioning",
  "Too many dimensions",
  "Dimension key too long",
  "must start with letter",
  "Dimension value too long",
  "Too many metadata fields",
  "Metadata value too long",
];

/** A value that is no number has a spelling in REST only: see doors/spellings.test.ts. */
const REST_ONLY = ["must be numeric"];

test("errors and warnings keep the wording that clients search for", () => {
  const missing = KEPT_WORDING.filter((text) => ![...wording].some((said) => said.includes(text)));
  assert.equal(missing, REST_ONLY);
});

test("no case makes the service log an error or leave a trace on Object.prototype", () => {
  assert.equal(
    service.logs.filter(({ level }) => level === "ERROR" || level === "error"),
    [],
  );
  assert.equal(Object.keys(Object.prototype), []);
  assert.equal(service.fatal, []);
});

test.run();
