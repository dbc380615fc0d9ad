import fc from "fast-check";
import { NOW_MS } from "../support/time.ts";

export const METRICS_MAX = 5;

export type Json = Readonly<Record<string, unknown>>;

const WORD = "abcxyzABCXYZ019_";
const text = (unit: string, min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...unit), minLength: min, maxLength: max });
/** Lengths count code points, so astral characters and lone surrogates are in. */
const anyText = (max: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "ß", "\u{1f600}", "\ud800", "\u0000", "\n"), maxLength: max }),
    fc.string(),
  );
const full = (length: number) => fc.constantFrom("x".repeat(length), "\u{1f600}".repeat(length));

/** Absent, an explicit null, or one of `arbitrary`. */
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(undefined, null) }, { weight: 2, arbitrary });

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const value = fc.oneof(
  fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
  fc.constantFrom(0, -0, 1e12, -1e12, "0", "1.5", "-2e3", "1000000000000", true, false),
  fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map(String),
);
const iso = (ms: number) => new Date(ms).toISOString();
const timestamp = fc
  .oneof(fc.integer({ min: -6e8, max: 3e5 }), fc.constantFrom(0, 300_000, -604_800_000, -604_800_001, -9e10))
  .map((aheadMs) => NOW_MS + aheadMs)
  .chain((ms) =>
    fc.constantFrom(
      iso(ms),
      iso(ms).slice(0, -1),
      iso(ms).slice(0, 10),
      iso(ms).replace("Z", "+00:00"),
      ms,
      ms / 1000,
      String(ms),
      String(ms / 1000),
    ),
  );
const dimensionKey = fc.oneof(
  fc.tuple(text("abcxyz_AZ", 1, 1), text(WORD, 0, 49)).map(([first, rest]) => first + rest),
  fc.constantFrom(
    "success",
    "method",
    "server",
    "tool_name",
    "metric_name",
    "__proto__",
    "constructor",
    "x".repeat(50),
  ),
);
const dimensionValue = fc.oneof(anyText(20), full(200), finite, fc.boolean(), fc.constant(null));
const metadataValue = fc.oneof(
  anyText(20),
  full(1000),
  finite,
  fc.boolean(),
  fc.constant(null),
  fc.constant(["x".repeat(996)]),
  fc.jsonValue({ maxDepth: 2 }).filter((json) => (JSON.stringify(json)?.length ?? 0) < 900),
);

/** Entries as JSON.parse makes them: `__proto__` is a key like any other. */
const record = (entries: readonly (readonly [string, unknown])[]) => {
  const made: Record<string, unknown> = {};
  for (const [key, entry] of entries)
    Object.defineProperty(made, key, { value: entry, enumerable: true, writable: true, configurable: true });
  return made;
};
const fields = (key: fc.Arbitrary<string>, entry: fc.Arbitrary<unknown>, maxLength: number) =>
  fc.uniqueArray(fc.tuple(key, entry), { selector: ([name]) => name, maxLength, size: "max" }).map(record);

const METRIC_TYPES = [
  "auth_request",
  "tool_execution",
  "tool_discovery",
  "protocol_latency",
  "health_check",
  "custom",
];

export const validMetric: fc.Arbitrary<Json> = fc.record({
  type: fc.constantFrom(...METRIC_TYPES, "registry_operation"),
  value,
  duration_ms: perhaps(
    fc.oneof(fc.double({ noNaN: true, min: 0, max: 86_400_000 }), fc.constantFrom(0, 86_400_000)),
  ),
  timestamp: perhaps(timestamp),
  dimensions: perhaps(fields(dimensionKey, dimensionValue, 20)),
  metadata: perhaps(
    fields(
      fc.oneof(text(`${WORD} é.`, 1, 50), fc.constantFrom("__proto__", "\u{1f600}".repeat(50))),
      metadataValue,
      30,
    ),
  ),
});

export const validSubmission: fc.Arbitrary<Json> = fc.record({
  service: fc.oneof(text("abzABZ019-_", 1, 100), fc.constant("s".repeat(100))),
  version: perhaps(fc.oneof(fc.constantFrom("1.2.3", "v1.0.0-rc.1+b", "1.2", "latest", ""), full(100))),
  instance_id: perhaps(fc.oneof(text("abzABZ019-_.", 0, 100), fc.constant("i".repeat(100)))),
  idempotency_key: perhaps(fc.oneof(text(" !~azAZ09", 0, 255), fc.constant("k".repeat(255)))),
  metrics: fc.array(validMetric, { minLength: 1, maxLength: METRICS_MAX }),
});
