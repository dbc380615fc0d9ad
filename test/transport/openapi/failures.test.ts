/** Calls that fail, through REST and Connect: status, headers and body are held to what /openapi.json says. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CreateKeyInput } from "../../../src/api/admin/keys.ts";
import type { FAILURES } from "../../../src/errors.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { makeCallers } from "../../doors/callers.ts";
import { ADMIN_KEY, NEW_KEY, WRITER_KEY } from "../../support/service.ts";
import { type DescribedService, exampleCall, startDescribedService } from "./described-service.ts";

interface Context extends DescribedService {
  /** A key that is refused for a reason, or has a role. */
  readonly keyThatIs: (what: string) => string;
}

const clock = { ...systemClock, shiftMs: 0, wallMs: () => Date.now() + clock.shiftMs };
const test = suite<Context>("failures, held to /openapi.json");

test.before(async (context) => {
  const env = { MAX_REQUEST_SIZE: "4KB", METRICS_SERVICE_BINDING: "strict" };
  const described = await startDescribedService(env, clock);
  const { callers } = await makeCallers(described.service, clock);
  const keyThatIs = (what: string) => callers.find(({ is }) => is === what)?.headers["x-api-key"] ?? "";
  Object.assign(context, described, { keyThatIs });
});
test.after(({ service }) => service.close());

for (const reason of ["api_key_missing", "api_key_invalid", "api_key_inactive", "api_key_expired"]) {
  test(`every operation that wants a key fails with ${reason} as it says`, async (context) => {
    const wanting = context.operations.filter(
      ({ operation: { security } }) =>
        security.length > 0 && (reason !== "api_key_missing" || !security.some(isNone)),
    );
    assert.ok(wanting.length > 20);
    for (const described of wanting) {
      const { text } = await context.ask(exampleCall(described, context.keyThatIs(reason)));
      assert.ok(text.includes(`"${reason}"`), `${described.method} ${described.path}: ${text}`);
    }
  });
}

/** Without a key, an operation may be open without one. */
const isNone = (requirement: object) => Object.keys(requirement).length === 0;

const METRIC = { type: "custom", value: 1 };
const submission = (changes: object = {}) =>
  JSON.stringify({ service: "test", metrics: [METRIC], ...changes });

interface Failing {
  readonly reason: keyof typeof FAILURES;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What is sent before, with the same headers, and works. */
  readonly before?: string;
  /** Limits of a key that is made for it. */
  readonly limits?: Partial<CreateKeyInput>;
}

const FAILING: readonly Failing[] = [
  { reason: "service_not_allowed", body: submission({ service: "another" }) },
  { reason: "rate_limited", limits: { rateLimit: 1 }, before: submission() },
  { reason: "daily_limit_exceeded", limits: { dailyUsageLimit: 1 }, before: submission() },
  { reason: "monthly_limit_exceeded", limits: { monthlyUsageLimit: 1 }, before: submission() },
  { reason: "malformed_body", body: "{" },
  { reason: "validation_failed", body: submission({ metrics: [{ type: "no such type", value: 1 }] }) },
  { reason: "validation_failed", body: submission({ service: undefined }) },
  { reason: "body_too_large", body: submission({ version: "x".repeat(5000) }) },
  { reason: "unsupported_encoding", headers: { "content-encoding": "zstd" } },
  {
    reason: "idempotency_conflict",
    headers: { "idempotency-key": "used" },
    before: submission({ version: "1.0.0" }),
  },
];

for (const path of ["/metrics", "/mcp.metrics.v1.MetricsService/Submit"]) {
  for (const { reason, headers: more, body = submission(), before, limits } of FAILING) {
    test(`POST ${path} fails with ${reason} as it says`, async ({ service, ask }) => {
      const key = limits && (await service.service.keys.create({ ...NEW_KEY, ...limits })).secret;
      const headers = { "x-api-key": key ?? WRITER_KEY, "content-type": "application/json", ...more };
      const idempotencyKey = more?.["idempotency-key"];
      if (idempotencyKey !== undefined) Object.assign(headers, { "idempotency-key": idempotencyKey + path });
      if (before !== undefined)
        assert.is((await ask({ method: "POST", path, headers, body: before })).status, 200);
      const { text } = await ask({ method: "POST", path, headers, body });
      assert.ok(text.includes(`"${reason}"`), text);
    });
  }

  test(`POST ${path} fails with permission_denied as it says`, async ({ ask, keyThatIs }) => {
    const headers = { "x-api-key": keyThatIs("reader"), "content-type": "application/json" };
    const { text } = await ask({ method: "POST", path, headers, body: submission() });
    assert.ok(text.includes('"permission_denied"'), text);
  });
}

test("a full queue fails as it says", async () => {
  // What is buffered waits, so that the queue stays full.
  const { service, ask } = await startDescribedService({
    METRICS_ACK: "buffered",
    FLUSH_INTERVAL_SECONDS: "3600",
    MAX_QUEUED_METRICS: "1",
    MAX_METRICS_PER_REQUEST: "1",
  });
  const headers = { "x-api-key": WRITER_KEY, "content-type": "application/json" };
  const send = () => ask({ method: "POST", path: "/metrics", headers, body: submission() });
  try {
    assert.is((await send()).status, 200);
    assert.ok((await send()).text.includes('"queue_full"'));
  } finally {
    await service.close();
  }
});

const OTHERS = [
  {
    reason: "unsupported_media_type",
    path: "/metrics",
    headers: { "content-type": "text/plain" },
    body: submission(),
  },
  {
    reason: "deadline_exceeded",
    path: "/mcp.metrics.v1.QueryService/Summary",
    headers: { "content-type": "application/json", "connect-timeout-ms": "0" },
    body: '{"group": "SUMMARY_GROUP_TYPE"}',
  },
  {
    reason: "not_found",
    path: "/mcp.metrics.v1.AdminService/RevokeKey",
    headers: { "content-type": "application/json" },
    body: '{"id": "9999"}',
  },
] as const;

for (const { reason, path, headers, body } of OTHERS) {
  test(`POST ${path} fails with ${reason} as it says`, async ({ ask }) => {
    const { text } = await ask({
      method: "POST",
      path,
      headers: { ...headers, "x-api-key": ADMIN_KEY },
      body,
    });
    assert.ok(text.includes(`"${reason}"`), text);
  });
}

test.run();
