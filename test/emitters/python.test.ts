/** Emitters in Python, which use httpx: they must work unchanged. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WRITER_KEY } from "../support/service.ts";
import { setup } from "./scraped-service.ts";

/** `datetime.utcnow().isoformat()`: microseconds and no zone; without a fraction when it is zero. */
const NAIVE_TIMES = [
  { sent: "2025-03-15T12:00:00.123456", stored: "2025-03-15T12:00:00.123Z" },
  { sent: "2025-03-15T12:00:00", stored: "2025-03-15T12:00:00.000Z" },
  { sent: "2025-11-02T01:30:00.000001", stored: "2025-11-02T01:30:00.000Z" },
  { sent: "2025-03-09T02:30:00", stored: "2025-03-09T02:30:00.000Z" },
];

test("Python's naive timestamps mean UTC, also in hours that a local clock skips or repeats", async () => {
  const { service, rows, close } = await setup();
  // `model_dump()` writes every optional field, as null where it is not set.
  const metrics = NAIVE_TIMES.map(({ sent }) => ({
    type: "auth_request",
    value: 1.0,
    duration_ms: null,
    timestamp: sent,
    dimensions: { success: true, method: "jwt", server: "mcpgw", user_hash: null },
    metadata: { error_code: null, jsonrpc_id: [1, "a", null] },
  }));
  const answer = await fetch(`${service.url}/metrics`, {
    method: "POST",
    headers: {
      "X-API-Key": WRITER_KEY,
      "Content-Type": "application/json",
      Accept: "*/*",
      "User-Agent": "python-httpx/0.28.1",
    },
    body: JSON.stringify({ service: "auth-server", version: null, instance_id: null, metrics }),
  });
  const body = (await answer.json()) as { accepted: number; request_id: string };
  assert.is(answer.status, 200);
  assert.is(body.accepted, metrics.length);
  assert.equal(
    rows.all("SELECT timestamp FROM auth_metrics ORDER BY id").map(({ timestamp }) => timestamp),
    NAIVE_TIMES.map(({ stored }) => stored),
  );
  const [row] = rows.all("SELECT * FROM metrics ORDER BY id");
  assert.is(row?.instance_id, null);
  assert.is(row?.service_version, null);
  assert.is(row?.duration_ms, null);
  assert.equal(JSON.parse(String(row?.metadata)), { error_code: null, jsonrpc_id: [1, "a", null] });
  await close();
});

test("Python that answers only to 200 and reads accepted, rejected and errors is served", async () => {
  const { service, close } = await setup();
  for (const optional of [
    {},
    { timestamp: null },
    { metadata: null },
    { dimensions: null },
    { duration_ms: null },
  ]) {
    const answer = await fetch(`${service.url}/metrics`, {
      method: "POST",
      headers: { "X-API-Key": WRITER_KEY, "Content-Type": "application/json" },
      body: JSON.stringify({
        service: "registry",
        version: "1.0.0",
        instance_id: "registry-1",
        metrics: [{ type: "registry_operation", value: 1, ...optional }],
      }),
    });
    const { request_id, ...body } = (await answer.json()) as Record<string, unknown>;
    assert.match(String(request_id), /^req_[0-9a-f]{16}$/);
    assert.equal(body, { status: "success", accepted: 1, rejected: 0, errors: [] });
  }
  await close();
});

test.run();
