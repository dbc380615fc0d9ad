import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/catalogue/limits.ts";
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { ServiceError, type Violation } from "../../src/errors.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate, type Validated } from "../../src/ingest/validate.ts";
import { describeRejection } from "../../src/ingest/validate-fields.ts";
import { NOW_MS } from "../support/time.ts";
import { BROKEN_ENVELOPES, BROKEN_METRICS, breakEnvelope, breakMetric } from "./broken-rules.ts";
import { type Json, METRICS_MAX, validSubmission } from "./submission-arbitraries.ts";
import { modelValidate, type Verdict } from "./submission-model.ts";

const validate = createValidate({
  dimensionSets: createDimensionSets(),
  pseudonymise: (name) => name,
  wallMs: () => NOW_MS,
  metricsMax: METRICS_MAX,
});

const NOTHING = {
  service: undefined,
  version: undefined,
  instance_id: undefined,
  idempotency_key: undefined,
};

/** The verdict, or the rejection of the whole submission. */
function run(submission: Json): Validated | ServiceError {
  try {
    return validate({ ...NOTHING, metrics: undefined, ...submission });
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

const GOOD: Json = { service: "auth", metrics: [{ type: "custom", value: 1 }] };
const GOOD_ONE = { type: "custom", value: 1 };
const withMetrics = (...metrics: unknown[]): Json => ({ service: "auth", metrics });

/** A good submission in which no rule is broken, or one, or two. */
const submission = fc
  .tuple(
    validSubmission,
    fc.constantFrom(...BROKEN_ENVELOPES),
    fc.array(fc.tuple(fc.constantFrom(...BROKEN_METRICS), fc.nat(METRICS_MAX)), {
      minLength: 2,
      maxLength: 2,
    }),
    fc.constantFrom("none", "metric", "metric", "metric", "envelope", "two metrics", "both"),
  )
  .map(([good, envelope, [first, second], what]) => {
    let made = good;
    if (what.includes("metric") || what === "both") if (first) made = breakMetric(made, ...first);
    if (what === "two metrics" && second) made = breakMetric(made, ...second);
    return what === "envelope" || what === "both" ? breakEnvelope(made, envelope) : made;
  });

test("a submission is validated as the rules say, whichever of them it breaks", () => {
  let refused = 0;
  let mixed = 0;
  fc.assert(
    fc.property(submission, (submitted) => {
      const expected = modelValidate(submitted, NOW_MS);
      const actual = run(submitted);
      if (actual instanceof ServiceError) refused += 1;
      else if (actual.rejected > 0) mixed += 1;
      compare(actual, expected, submitted);
    }),
    { numRuns: 3000 },
  );
  // The generator is worth something only while every outcome is frequent.
  assert.ok(refused > 500 && mixed > 500, `${refused} refused, ${mixed} mixed`);
});

function compare(actual: Validated | ServiceError, expected: Verdict, submitted: Json): void {
  const { envelope, metrics } = expected;
  const isRefused = envelope.length > 0 || metrics.every(({ problems }) => problems.length > 0);
  assert.is(actual instanceof ServiceError, isRefused, "refused as a whole");
  const problems = metrics.flatMap((metric, index) =>
    metric.problems.map((problem) => ({ index, ...problem })),
  );
  if (actual instanceof ServiceError) {
    assert.is(actual.reason, "validation_failed");
    const wanted = envelope.length > 0 ? envelope : problems;
    assertSame(
      actual.violations,
      wanted.map((one) => ({ ...one, part: partOf("index" in one ? Number(one.index) : -1, one.part) })),
    );
    return;
  }
  const rejections = actual.rejections.map((one) => ({ ...one, field: partOf(one.index, one.field) }));
  assertSame(
    rejections,
    problems.map((one) => ({ ...one, part: partOf(one.index, one.part) })),
  );
  const good = metrics.filter((metric) => metric.problems.length === 0);
  assert.is(actual.rejected, metrics.length - good.length);
  assert.equal(
    actual.measurements.map(describe),
    good.map(({ stored }) => stored),
  );
  const veryOld = metrics.filter(({ isVeryOld }) => isVeryOld).length;
  assert.is(actual.warnings.filter((warning) => warning.includes("very old")).length, veryOld);
  assert.is(actual.warnings.length - veryOld, expected.isOddVersion ? 1 : 0);
  assert.is(actual.service, submitted.service);
  assert.is(actual.instanceId, submitted.instance_id ?? "");
  assert.is(actual.idempotencyKey, submitted.idempotency_key || undefined);
}

function partOf(index: number, part: string): string {
  if (index < 0) return part;
  return `metrics[${index}]${part && `.${part}`}`;
}

/** The same problems; of one part in the same order. Of a dimension only that it is one of the dimensions. */
function assertSame(
  violations: readonly Violation[],
  wanted: readonly { part: string; wording: string }[],
): void {
  const whole = (field: string) => field.replace(/^(metrics\[\d+\]\.(dimensions|metadata)).*$/s, "$1");
  const actual = violations.map(({ field, message }) => ({ part: whole(field), message }));
  const byPart = <One extends { part: string }>(list: readonly One[]) =>
    list.toSorted((left, right) => left.part.localeCompare(right.part));
  assert.equal(
    byPart(actual).map(({ part }) => part),
    byPart(wanted).map(({ part }) => part),
  );
  for (const [at, { message }] of byPart(actual).entries()) {
    const { wording = "?" } = byPart(wanted)[at] ?? {};
    assert.ok(message.includes(wording), `${message} has ${wording}`);
    assert.ok(message.length < 300, "messages are short whatever they quote");
  }
}

function describe(measurement: Measurement) {
  const { type, values } = measurement.dimensions;
  const dimensions = new Map<string, unknown>();
  for (const [at, name] of type.dimensions.entries())
    if (values[at] !== undefined) dimensions.set(name, values[at]);
  for (const [at, key] of measurement.otherKeys.entries()) dimensions.set(key, measurement.otherValues[at]);
  const metadata = new Map(measurement.metadataKeys.map((key, at) => [key, measurement.metadataValues[at]]));
  const { value, durationMs, timestampMs } = measurement;
  return { type: type.name, value, durationMs, timestampMs, dimensions, metadata };
}

for (const rule of BROKEN_ENVELOPES) {
  test(`${rule.field} = ${show(rule.value)} fails the call: ${rule.wording}`, () => {
    const refused = run(breakEnvelope(GOOD, rule));
    assert.instance(refused, ServiceError);
    assert.equal(
      (refused as ServiceError).violations.map(({ field }) => field),
      [rule.field],
    );
    assert.ok((refused as ServiceError).message.includes(rule.wording), (refused as ServiceError).message);
  });
}

for (const rule of BROKEN_METRICS) {
  test(`a metric's ${rule.field || "self"} = ${show(rule.value)} rejects it alone: ${rule.wording}`, () => {
    const good = { type: "custom", value: 1 };
    const validated = run(breakMetric(withMetrics(good, good, good), rule, 1)) as Validated;
    assert.equal([validated.measurements.length, validated.rejected, validated.rejections.length], [2, 1, 1]);
    const [text = ""] = validated.rejections.map(describeRejection);
    assert.ok(text.startsWith(`metrics[1]${rule.field && `.${rule.field}`}`), text);
    assert.ok(text.includes(rule.wording), text);
  });
}

function show(value: unknown): string {
  return `${typeof value === "number" ? value : JSON.stringify(value)}`.slice(0, 40);
}

const BAD = { type: "custom", value: null };

/** Metrics beyond the limit: of a request with `good` and `bad` ones in its first, what becomes of all. */
const SURPLUS = [
  {
    name: "one more than the limit",
    metrics: [...Array(METRICS_MAX + 1).fill(GOOD_ONE)],
    rejected: 1,
    broken: [],
  },
  { name: "a thousand more", metrics: Array(METRICS_MAX + 1000).fill(GOOD_ONE), rejected: 1000, broken: [] },
  {
    name: "bad ones among the first and beyond",
    metrics: [BAD, ...Array(METRICS_MAX - 1).fill(GOOD_ONE), BAD, null, GOOD_ONE],
    rejected: 4,
    broken: ["metrics[0].value: Metric value is required"],
  },
] as const;

for (const { name, metrics, rejected, broken } of SURPLUS) {
  test(`the first ${METRICS_MAX} metrics are validated, and the rest is rejected under one text: ${name}`, () => {
    const validated = run(withMetrics(...metrics)) as Validated;
    assert.equal([validated.measurements.length, validated.rejected], [metrics.length - rejected, rejected]);
    const text = `Too many metrics in request: ${metrics.length}, max ${METRICS_MAX}`;
    assert.equal(validated.rejections.map(describeRejection), [
      ...broken,
      `metrics[${METRICS_MAX}]: ${text}`,
    ]);
    const { index, field, reason, message } = validated.rejections.at(-1) ?? {};
    assert.equal([index, field, reason, message], [METRICS_MAX, "", "too_many", text]);
  });
}

test("where not one of the first is good, the call fails and rejects all of them", () => {
  const failed = run(withMetrics(...Array(METRICS_MAX).fill(BAD), GOOD_ONE, GOOD_ONE)) as ServiceError;
  assert.equal([failed.reason, failed.rejected], ["validation_failed", METRICS_MAX + 2]);
  assert.is(failed.violations.length, METRICS_MAX + 1);
});

test("a request that is full to the limit has no surplus", () => {
  const validated = run(withMetrics(...Array(METRICS_MAX).fill(GOOD_ONE))) as Validated;
  assert.equal(
    [validated.measurements.length, validated.rejected, validated.rejections],
    [METRICS_MAX, 0, []],
  );
});

/** Clients and runbooks search for these. */
const KEPT_WORDINGS = [
  "Service name is required",
  "Service name too long",
  "must contain only alphanumeric",
  "At least one metric is required",
  "Metric value is required",
  "must be numeric",
  "out of range",
  "cannot be NaN",
  "cannot be infinite",
  "Duration cannot be negative",
  "Duration too large",
  "too far in the future",
  "Too many dimensions",
  "Dimension key too long",
  "must start with letter",
  "Dimension value too long",
  "Too many metadata fields",
  "Metadata value too long",
];

test("every wording that clients search for is the wording of some rule above", () => {
  const wordings = [...BROKEN_ENVELOPES, ...BROKEN_METRICS].map(({ wording }) => wording);
  assert.equal(
    KEPT_WORDINGS.filter((wording) => !wordings.includes(wording)),
    [],
  );
});

test("every metric bad fails the call, with every reason of each", () => {
  const refused = run(withMetrics({ type: "nope", value: null }, 5)) as ServiceError;
  assert.equal(
    refused.violations.map(({ field, reason }) => `${field} ${reason}`),
    ["metrics[0].type unknown_type", "metrics[0].value required", "metrics[1] not_an_object"],
  );
  assert.match(refused.message, 'metrics[0].type: unknown metric type "nope"');
});

test("every broken rule of the envelope is reported at once, each with the reason of its kind", () => {
  const broken = { service: "", version: 1, instance_id: "a b", idempotency_key: "é", metrics: [] };
  const long = { ...GOOD, service: "s".repeat(101), version: "1".repeat(101) };
  const [ofBroken, ofLong] = [broken, long].map((submitted) =>
    (run(submitted) as ServiceError).violations.map(({ field, reason }) => `${field} ${reason}`),
  );
  const invalid = ["version", "instance_id", "idempotency_key"].map((field) => `${field} invalid`);
  assert.equal(ofBroken, ["service required", ...invalid, "metrics required"]);
  assert.equal(ofLong, ["service too_long", "version too_long"]);
});

test("the two warnings have their wording and do not reject anything", () => {
  const old = { type: "custom", value: 1, timestamp: NOW_MS - LIMITS.TIMESTAMP_AGE_MS_WARN - 1 };
  const validated = run({ ...withMetrics({ ...old, timestamp: null }, old), version: "latest" }) as Validated;
  assert.is(validated.rejected, 0);
  assert.is(validated.warnings.length, 2);
  assert.match(validated.warnings[0] ?? "", /"latest".*semantic versioning/);
  assert.match(validated.warnings[1] ?? "", /^metrics\[1\]\.timestamp .* very old: over 7 days$/);
});

test("messages state the limits that are in force", () => {
  const { TIMESTAMP_AHEAD_MS_MAX, TIMESTAMP_AGE_MS_WARN } = LIMITS;
  assert.equal([TIMESTAMP_AHEAD_MS_MAX, TIMESTAMP_AGE_MS_WARN], [5 * 60_000, 7 * 86_400_000]);
  const ahead = run(withMetrics({ type: "custom", value: 1, timestamp: NOW_MS + 1e9 })) as ServiceError;
  assert.match(ahead.message, "at most 5 minutes");
});

test("unknown fields are ignored wherever they stand", () => {
  const validated = run({
    ...withMetrics({ type: "custom", value: 1, extra: {}, constructor: 5 }),
    more: [],
  });
  assert.is((validated as Validated).measurements.length, 1);
});

test.run();
