import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Call, Principal } from "../../src/access/call.ts";
import { createSubmit, type SubmitDeps } from "../../src/api/submit.ts";
import { ServiceError } from "../../src/errors.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import type { SubmittedMetrics } from "../../src/ingest/submission.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import type { StoredAnswer } from "../../src/store/metrics.ts";
import type { Submission } from "../../src/store/submission.ts";
import { NOW_MS, turn } from "../support/time.ts";

const PRINCIPAL: Principal = { apiKeyId: 3, service: "auth", role: "writer", allowedServices: ["gate-*"] };
const METRIC = { type: "auth_request", value: 1 };
const BAD = { type: "auth_request", value: null };

const call = (requestId: string): Call => ({ principal: PRINCIPAL, requestId, requestNumber: 1 });

const submitted = (changes: Partial<SubmittedMetrics> = {}): SubmittedMetrics => ({
  service: "auth",
  version: undefined,
  instance_id: undefined,
  idempotency_key: undefined,
  metrics: [METRIC],
  ...changes,
});

/** Submit over a store that the test answers for; the story is told in order. */
function setup(changes: Partial<SubmitDeps> = {}) {
  const story: string[] = [];
  const stores: {
    readonly submission: Submission;
    readonly answer: (earlier?: StoredAnswer) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const submit = createSubmit({
    validate: createValidate({
      dimensionSets: createDimensionSets(),
      pseudonymise: (name) => name,
      wallMs: () => NOW_MS,
      metricsMax: 100,
    }),
    enqueue: (submission) =>
      new Promise((answer, fail) => {
        story.push("store");
        stores.push({ submission, answer, fail });
      }),
    export: ({ service }, measurements) => story.push(`export ${service} ${measurements.length}`),
    ack: "durable",
    serviceBinding: "warn",
    observer: {
      onRejected: (violations) => story.push(`refused ${violations.map(({ field }) => field).join()}`),
      onAnswer: (_call, service, { accepted, rejected }) =>
        story.push(`answer ${service} ${accepted} ${rejected}`),
      onForeignService: ({ principal }, service) => story.push(`${principal.service} writes ${service}`),
      onLost: (_call, metrics, error) => story.push(`lost ${metrics}: ${(error as Error).message}`),
    },
    ...changes,
  });
  return { submit, story, stores };
}

/** The error a promise is rejected with; fails when it is not. */
async function rejected(promise: Promise<unknown>): Promise<ServiceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

test("metrics are stored, then exported, then answered for", async () => {
  const { submit, story, stores } = setup();
  const metrics = [METRIC, BAD, { ...METRIC, timestamp: 1 }];
  const answer = submit(call("req_1"), submitted({ metrics, version: "2.0.0", instance_id: "pod-1" }));
  await Promise.resolve();
  assert.equal(story, ["store"], "nothing is counted before it is stored");
  const [store] = stores;
  assert.equal(store?.submission.source, {
    service: "auth",
    version: "2.0.0",
    instanceId: "pod-1",
    apiKeyId: 3,
  });
  assert.is(store?.submission.idempotency, undefined);
  store?.answer();
  const rejection = { index: 1, field: "value", reason: "required", message: "Metric value is required" };
  assert.equal(await answer, {
    status: "success",
    accepted: 2,
    rejected: 1,
    errors: ["metrics[1].value: Metric value is required"],
    request_id: "req_1",
    warnings: ["metrics[2].timestamp 1 is very old: over 7 days"],
    rejections: [rejection],
  });
  assert.equal(story, ["store", "export auth 2", "answer auth 2 1"]);
});

test("an answer without problems says nothing of them", async () => {
  const { submit, stores } = setup();
  const answer = submit(call("req_1"), submitted());
  stores[0]?.answer();
  assert.equal(await answer, {
    status: "success",
    accepted: 1,
    rejected: 0,
    errors: [],
    request_id: "req_1",
  });
});

test("what cannot be stored is neither exported nor counted as answered", async () => {
  const { submit, story, stores } = setup();
  const refusal = rejected(submit(call("req_1"), submitted()));
  stores[0]?.fail(new ServiceError("storage_unavailable", "disk full"));
  assert.is((await refusal).reason, "storage_unavailable");
  assert.equal(story, ["store"]);
});

test("what is rejected as a whole reaches no store", async () => {
  const { submit, story } = setup();
  assert.is(
    (await rejected(submit(call("req_1"), submitted({ metrics: [BAD] })))).reason,
    "validation_failed",
  );
  assert.equal(story, ["refused metrics[0].value"]);
});

for (const ack of ["durable", "buffered"] as const) {
  test(`a full queue rejects a ${ack} submission: it is not acknowledged, exported or lost`, async () => {
    const { submit, story } = setup({
      ack,
      enqueue: () => {
        throw new ServiceError("queue_full", "full");
      },
    });
    assert.is((await rejected(submit(call("req_1"), submitted()))).reason, "queue_full");
    assert.equal(story, []);
  });
}

test("a buffered submission is answered when it is queued, and exported when it is stored", async () => {
  const { submit, story, stores } = setup({ ack: "buffered" });
  assert.is((await submit(call("req_1"), submitted())).accepted, 1);
  assert.equal(story, ["store", "answer auth 1 0"]);
  stores[0]?.answer();
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(story.at(-1), "export auth 1");
});

test("a buffered submission that is lost after all is reported and never exported", async () => {
  const { submit, story, stores } = setup({ ack: "buffered" });
  await submit(call("req_1"), submitted());
  stores[0]?.fail(new Error("disk gone"));
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(story.slice(2), ["lost 1: disk gone"]);
});

test("a key makes even a buffered submission wait for the disk: its answer may be given again", async () => {
  const { submit, story, stores } = setup({ ack: "buffered" });
  const answer = submit(call("req_1"), submitted({ idempotency_key: "k" }));
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(story, ["store"]);
  stores[0]?.answer();
  assert.is((await answer).accepted, 1);
});

/** Submit once with a key, then `again`; resolves to the second answer and what happened after the first. */
async function repeat(first: SubmittedMetrics, again: SubmittedMetrics) {
  const { submit, story, stores } = setup();
  const answer = submit(call("req_1"), first);
  await turn();
  stores[0]?.answer();
  await answer;
  const { idempotency } = stores[0]?.submission ?? {};
  if (idempotency === undefined) throw new Error("the key was not recorded");
  story.length = 0;
  const second = submit(call("req_2"), again);
  await turn();
  stores[1]?.answer({ fingerprint: idempotency.fingerprint, answer: idempotency.answer });
  return { first: await answer, second, story };
}

test("the same key with the same body gets the first answer again, and nothing is exported", async () => {
  const body = submitted({ idempotency_key: "k", metrics: [METRIC, BAD], version: "odd" });
  const { first, second, story } = await repeat(body, structuredClone(body));
  assert.equal(await second, { ...first, duplicate: true });
  assert.is((await second).request_id, "req_1");
  assert.equal(story, ["store"]);
});

const OTHER_BODIES: readonly { name: string; changes: Partial<SubmittedMetrics> }[] = [
  { name: "another value", changes: { metrics: [{ ...METRIC, value: 2 }] } },
  { name: "one more metric", changes: { metrics: [METRIC, METRIC] } },
  { name: "another refused metric", changes: { metrics: [METRIC, { type: "nope" }] } },
  { name: "another instance", changes: { instance_id: "b" } },
  { name: "another version", changes: { version: "1.0.1" } },
  { name: "another service", changes: { service: "gate-1" } },
];

for (const { name, changes } of OTHER_BODIES) {
  test(`the same key with ${name} is a conflict, and nothing is exported`, async () => {
    const body = submitted({ idempotency_key: "k" });
    const { second, story } = await repeat(body, { ...body, ...changes });
    assert.is((await rejected(second)).reason, "idempotency_conflict");
    assert.not.ok(story.some((line) => line.startsWith("export") || line.startsWith("answer")));
  });
}

test("a keyed submission that is nested too deeply to be compared is malformed", async () => {
  const { submit, story } = setup();
  const value = JSON.parse("[".repeat(30_000) + "]".repeat(30_000));
  const body = submitted({ metrics: [METRIC, { type: "custom", value }], idempotency_key: "k" });
  assert.is((await rejected(submit(call("req_1"), body))).reason, "malformed_body");
  assert.equal(story, []);
});

const BINDING = [
  { service: "auth", strict: "store", warned: false },
  { service: "gate-eu", strict: "store", warned: false },
  { service: "other", strict: "refused", warned: true },
] as const;

for (const { service, strict, warned } of BINDING) {
  const outcome = warned ? "is reported, and refused if strict" : "does as it may";
  test(`a key of auth that writes ${service} ${outcome}`, async () => {
    for (const serviceBinding of ["strict", "warn"] as const) {
      const { submit, story, stores } = setup({ serviceBinding });
      const answer = submit(call("req_1"), submitted({ service }));
      stores[0]?.answer();
      const outcome = await answer.then(
        () => "store",
        ({ reason }: ServiceError) => (reason === "service_not_allowed" ? "refused" : reason),
      );
      assert.is(outcome, serviceBinding === "strict" ? strict : "store");
      assert.is(story.includes(`auth writes ${service}`), warned);
      assert.is(story.includes("store"), outcome === "store");
    }
  });
}

test.run();
