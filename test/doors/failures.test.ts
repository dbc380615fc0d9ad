/** Each failure of the table, provoked through every door: reason, code, status, headers and body. */

import { Code } from "@connectrpc/connect";
import Libsql from "libsql";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/lib/clock.ts";
import { HOUR_MS } from "../../src/lib/time.ts";
import { type Door, openDoors, openRestDoors } from "../support/doors.ts";
import type { RequestHeaders } from "../support/http.ts";
import type { Outcome } from "../support/outcomes.ts";
import { NEW_KEY, startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { GOOD_METRIC } from "./door-case.ts";

interface Failure {
  readonly reason: string;
  readonly code: Code;
  readonly status: number;
  readonly message: RegExp;
  /** Seconds; absent: not to be retried. */
  readonly retryAfter?: number;
  /** Whether the caller was known, and is told of its bucket. */
  readonly isKnown: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Make the service fail; the failing submission is made with the headers that come back. */
  readonly provoke: (service: TestService, door: Door, id: string) => Promise<RequestHeaders>;
}

const submission = (idempotency_key?: string, value = 1) => ({
  service: "test",
  metrics: [{ ...GOOD_METRIC, value }],
  ...(idempotency_key !== undefined && { idempotency_key }),
});
const writer = { "x-api-key": WRITER_KEY };

function createKey({ service }: TestService, more: object = {}) {
  return service.keys.create({
    ...NEW_KEY,
    rateLimit: undefined,
    ...more,
  });
}

const FAILURES: readonly Failure[] = [
  {
    reason: "api_key_missing",
    code: Code.Unauthenticated,
    status: 401,
    message: /^API key required in X-API-Key header$/,
    isKnown: false,
    provoke: async () => ({}),
  },
  {
    reason: "api_key_invalid",
    code: Code.Unauthenticated,
    status: 401,
    message: /^Invalid API key$/,
    isKnown: false,
    provoke: async () => ({ "x-api-key": "nobody-has-this-key-0001" }),
  },
  {
    reason: "api_key_inactive",
    code: Code.Unauthenticated,
    status: 401,
    message: /^API key is inactive$/,
    isKnown: false,
    async provoke(service) {
      const { record, secret } = await createKey(service);
      await service.service.keys.revoke(record.id);
      return { "x-api-key": secret };
    },
  },
  {
    reason: "api_key_expired",
    code: Code.Unauthenticated,
    status: 401,
    message: /^API key has expired$/,
    isKnown: false,
    async provoke(service) {
      const { secret } = await createKey(service, { expiresMs: clock.wallMs() + HOUR_MS });
      clock.shiftMs += HOUR_MS;
      return { "x-api-key": secret };
    },
  },
  {
    reason: "permission_denied",
    code: Code.PermissionDenied,
    status: 403,
    message: /^a reader key may not do this$/,
    isKnown: true,
    async provoke(service) {
      const { secret } = await createKey(service, { role: "reader" });
      return { "x-api-key": secret };
    },
  },
  {
    reason: "service_not_allowed",
    code: Code.PermissionDenied,
    status: 403,
    message: /service "test"/,
    isKnown: true,
    env: { METRICS_SERVICE_BINDING: "strict" },
    async provoke(service) {
      const { secret } = await createKey(service, { service: "other", allowedServices: ["te", "x*"] });
      return { "x-api-key": secret };
    },
  },
  {
    reason: "rate_limited",
    code: Code.ResourceExhausted,
    status: 429,
    message: /^Rate limit exceeded\. Limit: 1 requests\/minute$/,
    retryAfter: 60,
    isKnown: true,
    async provoke(service, door) {
      const { secret } = await createKey(service, { rateLimit: 1 });
      const headers = { "x-api-key": secret };
      assert.is((await door.submit(submission(), headers)).failure, undefined);
      return headers;
    },
  },
  {
    reason: "idempotency_conflict",
    code: Code.AlreadyExists,
    status: 409,
    message: /^this idempotency key was used with another request$/,
    isKnown: true,
    async provoke(_service, door, id) {
      await door.submit(submission(id, 7), writer);
      return { ...writer, "idempotency-key": id };
    },
  },
  {
    reason: "queue_full",
    code: Code.Unavailable,
    status: 503,
    message: /retry later$/,
    retryAfter: 1,
    isKnown: true,
    env: {
      METRICS_ACK: "buffered",
      MAX_QUEUED_METRICS: "1",
      MAX_METRICS_PER_REQUEST: "1",
      BATCH_SIZE: "1000",
      FLUSH_INTERVAL_SECONDS: "3600",
    },
    async provoke(_service, door) {
      await door.submit(submission(), writer);
      return writer;
    },
  },
  {
    reason: "storage_unavailable",
    code: Code.Unavailable,
    status: 503,
    message: /^storage cannot accept metrics now; retry later$/,
    retryAfter: 2,
    isKnown: true,
    async provoke({ databasePath }) {
      if (blocker !== undefined) return writer;
      blocker = new Libsql(databasePath);
      blocker.exec("BEGIN IMMEDIATE");
      return writer;
    },
  },
];

const clock = {
  ...systemClock,
  shiftMs: 0,
  wallMs: () => Date.now() + clock.shiftMs,
};
let blocker: Libsql.Database | undefined;

function checkRest(failure: Failure, outcome: Outcome, body: Record<string, unknown>): void {
  assert.is(outcome.httpStatus, failure.status);
  assert.equal(body, {
    detail: outcome.message,
    status_code: failure.status,
    status: "error",
    error: failure.reason,
    message: outcome.message,
    request_id: outcome.requestId,
  });
}

function checkHeaders(failure: Failure, { headers, requestId }: Outcome, name: string): void {
  assert.is(headers.get("x-request-id"), requestId, name);
  assert.match(requestId, /^req_[0-9a-f]{16}$/);
  const retryAfter = failure.retryAfter === undefined ? null : String(failure.retryAfter);
  assert.is(headers.get("retry-after"), retryAfter, name);
  for (const header of ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"])
    assert.is(/^\d+$/.test(headers.get(header) ?? ""), failure.isKnown, `${name} ${header}`);
}

for (const failure of FAILURES) {
  test(`${failure.reason} is reported alike through every protocol`, async () => {
    const service = await startTestService(failure.env, clock);
    const doors = openDoors(service.url);
    for (const [index, door] of doors.entries()) {
      const headers = await failure.provoke(service, door, `failure-${index}`);
      const outcome = await door.submit(submission(), headers);
      assert.is(outcome.failure, failure.reason, `${door.name}: ${outcome.message}`);
      assert.match(outcome.message, failure.message);
      assert.is(outcome.retryAfterSeconds, failure.retryAfter, door.name);
      if (door.protocol !== "REST") assert.is(outcome.code, failure.code, door.name);
      checkHeaders(failure, outcome, door.name);
    }
    for (const door of openRestDoors(service.url)) {
      const headers = await failure.provoke(service, door, `body-of-failure-${door.http}`);
      const sent = { "content-type": "application/json", ...headers };
      const answer = await door.send("POST", "/metrics", sent, JSON.stringify(submission()));
      const body = JSON.parse(answer.text);
      const outcome = { ...(await door.submit(submission(), headers)), requestId: body.request_id };
      checkRest(failure, outcome, body);
      assert.is(answer.headers.get("content-type"), "application/json");
      door.close();
    }
    await connectStatus(service, failure, doors);
    for (const door of doors) door.close();
    blocker?.close();
    blocker = undefined;
    await service.close();
  });
}

test("a REST call whose every metric is bad says how many, which and why", async () => {
  const service = await startTestService();
  for (const door of openRestDoors(service.url)) {
    const metrics = [{ type: "custom" }, { ...GOOD_METRIC, value: 2e12 }];
    const headers = { ...writer, "content-type": "application/json" };
    const answer = await door.send("POST", "/metrics", headers, JSON.stringify({ service: "test", metrics }));
    const { request_id, ...body } = JSON.parse(answer.text);
    const message = "no metric could be accepted: metrics[0].value: Metric value is required";
    assert.is(answer.status, 422);
    assert.is(answer.headers.get("x-request-id"), request_id);
    assert.equal(body, {
      detail: message,
      status_code: 422,
      status: "error",
      error: "validation_failed",
      message,
      accepted: 0,
      rejected: 2,
      errors: [
        "metrics[0].value: Metric value is required",
        "metrics[1].value: value 2000000000000 is out of range: at most ±1000000000000",
      ],
    });
    door.close();
  }
  await service.close();
});

/** What Connect's table gives for a code; the client above does not show it. */
const CONNECT_STATUS: Readonly<Partial<Record<Code, number>>> = {
  [Code.Unauthenticated]: 401,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.AlreadyExists]: 409,
  [Code.Unavailable]: 503,
};

async function connectStatus(service: TestService, failure: Failure, [door]: readonly Door[]): Promise<void> {
  if (door === undefined) return;
  const headers = await failure.provoke(service, door, "connect-status");
  const answer = await fetch(`${service.url}/mcp.metrics.v1.MetricsService/Submit`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(submission()),
  });
  await answer.text();
  assert.is(answer.status, CONNECT_STATUS[failure.code]);
}

test.run();
