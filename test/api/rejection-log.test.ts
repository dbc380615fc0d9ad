import { test } from "uvu";
import * as assert from "uvu/assert";
import { createRejectionLog, type NotStored } from "../../src/api/rejection-log.ts";
import type { Violation } from "../../src/errors.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { TestClock } from "../support/time.ts";

interface Line {
  readonly level: string;
  readonly message: string;
  readonly reasons?: readonly { reason: string; count: number; example: string }[];
  readonly left_out?: readonly { reason: string; count: number }[];
}

const rule = (field: string, reason: string, message = `${reason} of ${field}`): Violation => {
  return { field, reason, message };
};
const UNKNOWN_TYPE = rule("metrics[0].type", "unknown_type");

const keyOf = (apiKeyId: number) => ({ apiKeyId, role: "writer", prefix: "aB3dE6gH" }) as const;

function setup() {
  const clock = new TestClock();
  const lines: Line[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const log = createRejectionLog(createLogger({ level: "warn", write, wallMs: clock.wallMs }), clock);
  const reject = (reasons: readonly Violation[], more: Partial<NotStored> = {}) =>
    log({
      requestId: "req_1",
      key: keyOf(1),
      service: "auth",
      accepted: 2,
      rejected: reasons.length,
      reasons,
      ...more,
    });
  /** `reason count` of every line so far, and no more of them from here on. */
  const said = () =>
    lines
      .splice(0)
      .map(({ reasons = [] }) => reasons.map(({ reason, count }) => `${reason} ${count}`).join());
  return { clock, lines, reject, said };
}

test("a line says whose metrics were refused, how many, why and how often, with an example of each reason", () => {
  const { lines, reject } = setup();
  const other = rule("metrics[1].dimensions.a-b", "invalid_key", 'Dimension key "a-b" is none');
  reject([UNKNOWN_TYPE, other, rule("metrics[2].type", "unknown_type"), rule("metrics[3]", "not_an_object")]);
  const { timestamp: _timestamp, ...line } = lines[0] as Line & { timestamp: string };
  assert.equal(line, {
    level: "WARN",
    logger: "mcp-metrics",
    message: "Rejected 4 metrics from auth",
    request_id: "req_1",
    service: "auth",
    key_id: 1,
    key_role: "writer",
    key_prefix: "aB3dE6gH",
    accepted: 2,
    rejected: 4,
    reasons: [
      { reason: "type.unknown_type", count: 2, example: "metrics[0].type: unknown_type of metrics[0].type" },
      {
        reason: "dimensions.invalid_key",
        count: 1,
        example: 'metrics[1].dimensions.a-b: Dimension key "a-b" is none',
      },
      { reason: "metric.not_an_object", count: 1, example: "metrics[3]: not_an_object of metrics[3]" },
    ],
  });
});

test("a reason is logged once a minute for a key, and the next line counts what came in between", () => {
  const { clock, reject, said } = setup();
  reject([UNKNOWN_TYPE]);
  assert.equal(said(), ["type.unknown_type 1"]);
  for (let times = 0; times < 1000; times += 1) reject([UNKNOWN_TYPE, UNKNOWN_TYPE]);
  clock.advance(59_999);
  reject([UNKNOWN_TYPE]);
  assert.equal(said(), []);
  clock.advance(1);
  reject([UNKNOWN_TYPE]);
  assert.equal(said(), ["type.unknown_type 2002"]);
  clock.advance(60_000);
  reject([UNKNOWN_TYPE]);
  assert.equal(said(), ["type.unknown_type 1"], "counted once");
});

test("another reason, another key and another kind are not kept quiet by the first", () => {
  const { lines, reject, said } = setup();
  reject([UNKNOWN_TYPE]);
  reject([UNKNOWN_TYPE, rule("metrics[0].value", "unknown_type")]);
  reject([UNKNOWN_TYPE], { key: keyOf(2) });
  reject([UNKNOWN_TYPE], { key: undefined });
  assert.equal(said(), [
    "type.unknown_type 1",
    "value.unknown_type 1",
    "type.unknown_type 1",
    "type.unknown_type 1",
  ]);
  reject([], { rejected: 0, leftOut: [UNKNOWN_TYPE, UNKNOWN_TYPE] });
  assert.is(lines[0]?.message, "Left out parts of metrics from auth");
  assert.equal(
    lines[0]?.left_out?.map(({ reason, count }) => [reason, count]),
    [["type.unknown_type", 2]],
  );
});

test("nothing refused is no line", () => {
  const { lines, reject } = setup();
  reject([]);
  reject([], { leftOut: [] });
  assert.equal(lines, []);
});

test("a request that fails as a whole is named as one, with its key's service or nobody's", () => {
  const { lines, reject } = setup();
  const whole = { accepted: undefined, rejected: undefined } as unknown as Partial<NotStored>;
  reject([rule("", "malformed_body", "body is not valid JSON")], whole);
  reject([rule("", "api_key_invalid", "Invalid API key")], {
    ...whole,
    key: undefined,
    service: undefined,
  });
  assert.equal(
    lines.map(({ message, reasons }) => [message, reasons?.[0]?.reason, reasons?.[0]?.example]),
    [
      ["Rejected a request from auth", "malformed_body", "body is not valid JSON"],
      ["Rejected a request of nobody's key", "api_key_invalid", "Invalid API key"],
    ],
  );
});

test("a line has ten reasons at the most; the others are said next, with all their counts", () => {
  const { reject, said } = setup();
  const many = Array.from({ length: 25 }, (_, at) => rule(`metrics[${at}].field${at}`, "odd"));
  reject(many);
  reject(many);
  reject(many);
  reject(many);
  assert.equal(
    said().map((line) => line.split(",").length),
    [10, 10, 5],
  );
});

test("a message of any length is cut", () => {
  const { lines, reject } = setup();
  reject([rule("metrics[0].value", "odd", "𝕏".repeat(10_000))]);
  const example = lines[0]?.reasons?.[0]?.example ?? "";
  assert.ok(example.length <= 300 && example.isWellFormed(), example);
});

test("memory is bounded: of more than 10 000 reasons within a minute the surplus is not said", () => {
  const { clock, reject, said } = setup();
  for (let key = 1; key <= 10_001; key += 1) reject([UNKNOWN_TYPE], { key: keyOf(key) });
  assert.is(said().length, 10_000);
  reject([UNKNOWN_TYPE], { key: keyOf(10_002) });
  assert.equal(said(), []);
  clock.advance(60_000);
  for (let key = 20_001; key <= 40_000; key += 1) reject([UNKNOWN_TYPE], { key: keyOf(key) });
  assert.is(said().length, 10_000, "what is a minute old makes room");
});

test("a reason that is logged anew gives its place to those that were not: the oldest goes first", () => {
  const { clock, reject, said } = setup();
  for (let key = 1; key <= 10_000; key += 1) reject([UNKNOWN_TYPE], { key: keyOf(key) });
  clock.advance(60_000);
  reject([UNKNOWN_TYPE], { key: keyOf(1) });
  said();
  reject([UNKNOWN_TYPE], { key: keyOf(10_001) });
  assert.equal(said(), ["type.unknown_type 1"]);
});

test.run();
