import type { Random } from "../../bench/random.ts";
import type { SubmittedMetric } from "../../bench/workload.ts";

/** Texts that stand where a value should; some are not JSON, some are JSON that hurts. */
const ODD_VALUES = [
  "null", "true", "[]", "{}", "[null]", '[{"a":1}]', "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0",
  "1e-400", "9007199254740993", "123456789012345678901234567890", "0x10", "01", "+1", ".5", "1.", "undefined",
  "", "'single'", '"', '""', '" "', '"NaN"', '"Infinity"', '"1e3"', '"0x10"', '"-1"', '"\\u0000"', '"a\\u0000b"',
  '"\\ud800"', '"\\udfff\\ud800"', '"\\uD83D\\uDE00"', '"\\x41"', '"tab\there"', '"\xff\xfe"', '"\xc0\x80"',
  '"\xed\xa0\x80"', '"2024-02-30T25:61:61Z"', '"9999-12-31T23:59:59Z"', '"-271821-04-20T00:00:00Z"', "1e18",
  "-62135596800001", '"constructor"', '"__proto__"', '"auth_request\\n"', '"1"', "1 2", "/* */1", '"../../etc"',
  "'; DROP TABLE points; --", '"%00"', '"\\u202e"', '{"value":null}', '{"stringValue":"x"}', '{"@type":"x"}',
]; // biome-ignore format: a word list
const ODD_KEYS = [
  "__proto__", "constructor", "toString", "hasOwnProperty", "", " ", "a b", "a.b", "1a", "\\u0000", "\\ud800",
  "service", "metric_type", "instanceId", "durationMs", "x".repeat(51), "\xff", "é", "idempotencyKey",
]; // biome-ignore format: a word list

/** Sizes are drawn so that a few per thousand are as large as the service takes, and most are small. */
function extent(random: Random, max: number): number {
  return Math.max(1, Math.floor(max ** (random.unit() ** 0.5 * (random.chance(0.05) ? 1 : 0.6))));
}

/** A body that is nearly a submission, as bytes: invalid UTF-8 included. */
export function almostJson(
  random: Random,
  metrics: readonly SubmittedMetric[],
): { name: string; bytes: Buffer } {
  const drawn = random.below(20);
  if (drawn === 0) return named("depth", nested(random, extent(random, 1_000_000)));
  if (drawn === 1)
    return named("depth-in-place", envelope(random, metrics, nested(random, extent(random, 1e6))));
  if (drawn === 2)
    return named("long-string", envelope(random, metrics, `"${"s".repeat(extent(random, 1e6))}"`));
  if (drawn === 3) return named("many-keys", envelope(random, metrics, manyKeys(random)));
  if (drawn === 4) return named("many-metrics", manyMetrics(random));
  if (drawn === 5) return named("not-an-object", random.pick(ODD_VALUES));
  if (drawn === 6) return named("bom", `\xef\xbb\xbf${envelope(random, metrics)}`);
  return named("grammar", envelope(random, metrics));
}

/** Text in which a character is a byte. */
const named = (name: string, text: string) => ({ name, bytes: Buffer.from(text, "latin1") });

/** A submission with something odd in it, or with `planted` in one place. */
function envelope(random: Random, metrics: readonly SubmittedMetric[], planted?: string): string {
  const place = random.below(8);
  const at = (index: number, text: string) => (planted !== undefined && place === index ? planted : text);
  const list = metrics.map((metric) =>
    object(random, {
      type: at(0, JSON.stringify(metric.type)),
      value: at(1, "1"),
      duration_ms: at(2, String(metric.duration_ms ?? 1)),
      timestamp: at(3, JSON.stringify(new Date().toISOString())),
      dimensions: at(4, fields(random, metric.dimensions)),
      metadata: at(5, fields(random, metric.metadata)),
    }),
  );
  return object(random, {
    service: at(6, '"fuzz"'),
    version: at(7, '"1.0.0"'),
    instance_id: '"fuzz-1"',
    metrics: `[${list.join(random.chance(0.02) ? ",," : ",")}]`,
  });
}

function fields(random: Random, values: SubmittedMetric["dimensions"]): string {
  return object(
    random,
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)])),
  );
}

/** An object whose members may be odd, missing, doubled or added to. */
function object(random: Random, members: Readonly<Record<string, string>>): string {
  const texts: string[] = [];
  for (const [key, value] of Object.entries(members)) {
    const drawn = random.unit();
    if (drawn < 0.03) continue;
    const text = drawn < 0.12 ? random.pick(ODD_VALUES) : value;
    texts.push(`"${drawn > 0.98 ? random.pick(ODD_KEYS) : key}":${text}`);
    if (drawn > 0.96) texts.push(`"${key}":${random.chance(0.5) ? value : random.pick(ODD_VALUES)}`);
  }
  if (random.chance(0.1)) texts.push(`"${random.pick(ODD_KEYS)}":${random.pick(ODD_VALUES)}`);
  return `{${texts.join(",")}${random.chance(0.01) ? "," : ""}}`;
}

function nested(random: Random, depth: number): string {
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
  ] as const);
  const core = open === "[" ? "" : "1";
  return open.repeat(depth) + core + (random.chance(0.3) ? "" : close.repeat(depth));
}

function manyKeys(random: Random): string {
  const isNumeric = random.chance(0.5);
  const keys = Array.from({ length: extent(random, 100_000) }, (_, index) =>
    isNumeric ? `"${index * 65_536}":1` : `"k${index}":1`,
  );
  return `{${keys.join(",")}}`;
}

function manyMetrics(random: Random): string {
  const metric = random.pick([
    '{"type":"custom","value":1}',
    "null",
    "{}",
    "[]",
    '{"type":"nope","value":1}',
  ]);
  return `{"service":"fuzz","metrics":[${Array(extent(random, 50_000)).fill(metric).join(",")}]}`;
}
