import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../src/errors.ts";
import { createLogger, LOG_LEVELS, type LogLevel } from "../../src/lib/logger.ts";

function setup(level: LogLevel = "debug") {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ level, write, wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "") };
}

test("a line has the names that log pipelines parse, and its fields after them", () => {
  const { logger, lines } = setup();
  logger.named("ingest").warn("slow", { request_id: "req_1", accepted: 2 });
  const expected =
    '{"timestamp":"2026-01-02T03:04:05.006Z","level":"WARN","logger":"ingest","message":"slow",' +
    '"request_id":"req_1","accepted":2}\n';
  assert.equal(lines, [expected]);
});

test("a level shows itself and what is more important", () => {
  const wanted = { debug: 4, info: 3, warn: 2, error: 1, silent: 0 };
  for (const level of LOG_LEVELS) {
    const { logger, lines } = setup(level);
    for (const name of ["debug", "info", "warn", "error"] as const) logger[name]("m");
    assert.is(lines.length, wanted[level], level);
  }
});

const circle: Record<string, unknown> = {};
circle.self = circle;
/** Every member leads back: without a budget there are 40^8 ways to walk it. */
const wideCircle: unknown[] = [];
for (let count = 0; count < 40; count += 1) wideCircle.push(wideCircle);
const selfCaused = new Error("a");
selfCaused.cause = selfCaused;
let deep: unknown = 1;
for (let level = 0; level < 20_000; level += 1) deep = [deep];

const HOSTILE: readonly { readonly name: string; readonly value: unknown }[] = [
  { name: "newlines", value: 'a\r\n{"level":"ERROR"}\n' },
  { name: "terminal escapes", value: "\u001b[2J\u009b31m\u007f\u0085" },
  { name: "line separators", value: "a\u2028b\u2029c" },
  { name: "a lone surrogate", value: "\ud800" },
  { name: "a megabyte", value: "x".repeat(1 << 20) },
  { name: "a megabyte as a key", value: { ["x".repeat(1 << 20)]: 1 } },
  { name: "a hundred thousand members", value: new Array(1e5).fill("y") },
  { name: "a bigint", value: 2n ** 64n },
  { name: "a huge bigint", value: 10n ** 5000n },
  { name: "an object that holds itself", value: circle },
  { name: "a list that holds itself forty times", value: wideCircle },
  { name: "an error that causes itself", value: selfCaused },
  { name: "20 000 levels", value: deep },
  { name: "a failing getter", value: Object.defineProperty({}, "a", { get: fail, enumerable: true }) },
  { name: "a failing toJSON", value: { toJSON: fail } },
  { name: "an invalid date", value: new Date(Number.NaN) },
  { name: "a proxy that fails", value: new Proxy({}, { ownKeys: fail, has: fail, getPrototypeOf: fail }) },
  { name: "a key __proto__", value: JSON.parse('{"__proto__":{"level":"x"}}') },
  { name: "a function, a symbol, nothing", value: [fail, Symbol("s"), undefined] },
];

function fail(): never {
  throw new Error("hostile");
}

for (const { name, value } of HOSTILE) {
  test(`${name} in a field is one short line of JSON and no exception`, () => {
    const { logger, lines, last } = setup();
    logger.error("before", { value, after: "still here" });
    assertOneLine(lines);
    assert.is(last().message, "before");
    if (name !== "a hundred thousand members" && name !== "a list that holds itself forty times")
      assert.is(last().after, "still here");
  });
}

test("a message can be as hostile as a field", () => {
  for (const { value } of HOSTILE) {
    if (typeof value !== "string") continue;
    const { logger, lines } = setup();
    logger.info(value);
    assertOneLine(lines);
  }
});

test("anything at all is one line of JSON", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.dictionary(fc.string(), fc.anything()),
      (message, fields) => {
        const { logger, lines } = setup();
        logger.info(message, fields);
        assertOneLine(lines);
      },
    ),
    { numRuns: 500 },
  );
});

test("an error is logged with its cause, which is where a failure keeps what callers must not see", () => {
  const { logger, last } = setup();
  const error = new ServiceError("storage_unavailable", "later", { cause: new Error("SQLITE_FULL") });
  logger.error("failed", { error });
  const logged = last().error;
  assert.is(logged.message, "later");
  assert.is(logged.cause.message, "SQLITE_FULL");
  assert.match(logged.cause.stack, "logger.test.ts");
  assert.not.match(logged.stack, "logger.test.ts", "a failure has none: its reason says where it was");
});

function assertOneLine(lines: readonly string[]): void {
  assert.is(lines.length, 1);
  const [line = ""] = lines;
  assert.ok(line.length < 300_000, `${line.length} characters`);
  assert.is(line.indexOf("\n"), line.length - 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the guarantee.
  assert.not.match(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  JSON.parse(line);
}

test.run();
