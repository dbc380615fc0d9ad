import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/catalogue/limits.ts";
import { DAY_MS } from "../../src/lib/time.ts";

const FOLDER = new URL("../../proto/mcp/metrics/v1/", import.meta.url);

/** `SubmitRequest.service` → the comment above it, as one line. */
function readComments(): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".proto"))) {
    let message = "";
    let comment: string[] = [];
    for (const line of readFileSync(new URL(file, FOLDER), "utf8")
      .split("\n")
      .map((one) => one.trim())) {
      const text = /^\/\/ ?(.*)$/.exec(line)?.[1];
      if (text !== undefined) {
        comment.push(text);
        continue;
      }
      message = /^message (\w+)/.exec(line)?.[1] ?? message;
      const field = /^(?!message |option )[\w.<>, ]+ (\w+) = \d+/.exec(line)?.[1];
      if (field !== undefined) comments.set(`${message}.${field}`, comment.join(" "));
      comment = [];
    }
  }
  return comments;
}

const grouped = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, " ");
const power = (value: number) => value.toExponential().replace("+", "");

/** Where the schema states each limit, and how: the words around the number are part of what is compared. */
const STATED: Readonly<Record<keyof typeof LIMITS, readonly (readonly [field: string, words: string])[]>> = {
  SERVICE_LENGTH_MAX: [
    ["SubmitRequest.service", `[A-Za-z0-9_-]{1,${LIMITS.SERVICE_LENGTH_MAX}}`],
    ["CreateKeyRequest.service", `[A-Za-z0-9_-]{1,${LIMITS.SERVICE_LENGTH_MAX}}`],
    ["ApiKey.service", `[A-Za-z0-9_-]{1,${LIMITS.SERVICE_LENGTH_MAX}}`],
  ],
  VERSION_LENGTH_MAX: [["SubmitRequest.version", `at most ${LIMITS.VERSION_LENGTH_MAX} code points`]],
  INSTANCE_ID_LENGTH_MAX: [
    ["SubmitRequest.instance_id", `[A-Za-z0-9_.-]{1,${LIMITS.INSTANCE_ID_LENGTH_MAX}}`],
  ],
  METRICS_PER_REQUEST: [["SubmitRequest.metrics", `1 to ${LIMITS.METRICS_PER_REQUEST} metrics`]],
  IDEMPOTENCY_KEY_LENGTH_MAX: [
    ["SubmitRequest.idempotency_key", `At most ${LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX} printable`],
  ],
  VALUE_ABS_MAX: [["Metric.value", `within ±${power(LIMITS.VALUE_ABS_MAX)}`]],
  DURATION_MS_MAX: [
    ["Metric.duration_ms", `0 to ${grouped(LIMITS.DURATION_MS_MAX)}`],
    ["Metric.duration_ms", `(${LIMITS.DURATION_MS_MAX / 3_600_000} hours)`],
  ],
  TIMESTAMP_AHEAD_MS_MAX: [
    ["Metric.timestamp", `More than ${LIMITS.TIMESTAMP_AHEAD_MS_MAX / 60_000} minutes ahead`],
  ],
  TIMESTAMP_AGE_MS_WARN: [
    ["Metric.timestamp", `more than ${LIMITS.TIMESTAMP_AGE_MS_WARN / DAY_MS} days old`],
  ],
  DIMENSIONS_MAX: [["Metric.dimensions", `at most ${LIMITS.DIMENSIONS_MAX} entries`]],
  DIMENSION_KEY_LENGTH_MAX: [["Metric.dimensions", `[A-Za-z0-9_]{0,${LIMITS.DIMENSION_KEY_LENGTH_MAX - 1}}`]],
  DIMENSION_VALUE_LENGTH_MAX: [
    ["Metric.dimensions", `string of at most ${LIMITS.DIMENSION_VALUE_LENGTH_MAX} code points`],
  ],
  METADATA_FIELDS_MAX: [["Metric.metadata", `at most ${LIMITS.METADATA_FIELDS_MAX} entries`]],
  METADATA_KEY_LENGTH_MAX: [
    ["Metric.metadata", `key has at most ${LIMITS.METADATA_KEY_LENGTH_MAX} code points`],
  ],
  METADATA_VALUE_LENGTH_MAX: [["Metric.metadata", `value at most ${LIMITS.METADATA_VALUE_LENGTH_MAX},`]],
  IDEMPOTENCY_MS: [["SubmitRequest.idempotency_key", `within ${LIMITS.IDEMPOTENCY_MS / 3_600_000} hours`]],
};

const comments = readComments();

for (const [limit, places] of Object.entries(STATED)) {
  for (const [field, words] of places) {
    test(`the schema's comment on ${field} states ${limit}`, () => {
      const comment = comments.get(field) ?? "";
      assert.ok(comment.includes(words), `"${words}" is not in: ${comment}`);
    });
  }
}

test("every number in the comments of Metric and SubmitRequest is one of the limits", () => {
  const stated = new Set(Object.values(STATED).flatMap((places) => places.map(([, words]) => words)));
  for (const [field, comment] of comments) {
    if (!/^(Metric|SubmitRequest)\./.test(field)) continue;
    let rest = comment;
    for (const words of stated) rest = rest.replaceAll(words, "");
    // Field values that stand for themselves.
    rest = rest.replace("0 is recorded", "").replace("differs from 0", "").replaceAll("[A-Za-z_]", "");
    assert.not.match(rest, /\d/, `${field}: ${rest}`);
  }
});

test("the limits are those that clients were promised", () => {
  assert.equal(LIMITS, {
    SERVICE_LENGTH_MAX: 100,
    VERSION_LENGTH_MAX: 100,
    INSTANCE_ID_LENGTH_MAX: 100,
    METRICS_PER_REQUEST: 100,
    IDEMPOTENCY_KEY_LENGTH_MAX: 255,
    VALUE_ABS_MAX: 1e12,
    DURATION_MS_MAX: 86_400_000,
    TIMESTAMP_AHEAD_MS_MAX: 300_000,
    TIMESTAMP_AGE_MS_WARN: 604_800_000,
    DIMENSIONS_MAX: 20,
    DIMENSION_KEY_LENGTH_MAX: 50,
    DIMENSION_VALUE_LENGTH_MAX: 200,
    METADATA_FIELDS_MAX: 30,
    METADATA_KEY_LENGTH_MAX: 50,
    METADATA_VALUE_LENGTH_MAX: 1000,
    IDEMPOTENCY_MS: 86_400_000,
  });
});

test.run();
