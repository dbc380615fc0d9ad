/** A client that is not ours: grpcio, with stubs from the schema. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { pythonTests, runPython } from "../support/python.ts";
import { NEW_KEY, startTestService, WRITER_KEY } from "../support/service.ts";
import { openRows } from "../support/sql.ts";

const pythonTest = await pythonTests(test);

pythonTest("a Python client submits, reads partial success, and understands every error", async (python) => {
  const service = await startTestService();
  const rows = openRows(service.databasePath);
  const { secret } = await service.service.keys.create({
    ...NEW_KEY,
    rateLimit: 1,
  });
  const address = `127.0.0.1:${service.service.port}`;
  const result = await runPython(python, "submit_client.py", address, WRITER_KEY, secret);

  assert.is(result.stored.status, "success");
  assert.is(result.stored.accepted, 1);
  assert.match(result.stored.request_id, /^req_[0-9a-f]{16}$/);
  assert.ok(result.stored.remaining > 0);
  const stored = rows.all("SELECT * FROM tool_metrics WHERE request_id = ?", result.stored.request_id)[0];
  assert.is(stored?.tool_name, "search");
  assert.is(stored?.success, 1);
  assert.is(stored?.duration_ms, 0);
  assert.is(stored?.input_size_bytes, 2048);

  assert.is(result.partial.accepted, 1);
  assert.is(result.partial.rejected, 1);
  assert.equal(result.partial.errors, [
    'metrics[1].type: unknown metric type "no such type"',
    "metrics[1].value: Metric value is required",
  ]);
  assert.equal(
    result.partial.rejections.map(({ index, reason }: { index: number; reason: string }) => [index, reason]),
    [
      [1, "unknown_type"],
      [1, "required"],
    ],
  );

  assert.is(result.invalid.code, "INVALID_ARGUMENT");
  assert.equal(result.invalid.ErrorInfo, { reason: "validation_failed", domain: "mcp.metrics" });
  assert.is(result.invalid.BadRequest.fieldViolations[0].field, "metrics[0].value");
  assert.is(result.keyless.code, "UNAUTHENTICATED");
  assert.is(result.keyless.ErrorInfo.reason, "api_key_missing");
  assert.is(result.compressed.accepted, 100);
  assert.is(result.limited.code, "RESOURCE_EXHAUSTED");
  assert.is(result.limited.ErrorInfo.reason, "rate_limited");
  assert.equal(result.limited.RetryInfo, { retryDelay: "60s" });
  assert.equal(result.bucket, { service: "test", rateLimit: 1, resetTimeSeconds: 60, role: "writer" });
  assert.equal(result.health, { status: "healthy", service: "metrics-collection" });
  assert.equal(result.race, { ids: 1, duplicates: 15 });
  rows.close();
  await service.close();
});

test.run();
