import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFlush } from "../../src/api/flush.ts";
import { rateLimitStatus } from "../../src/api/rate-limit-status.ts";
import { ServiceError } from "../../src/errors.ts";

test("flush answers after the commit, in the words that clients know", async () => {
  const story: string[] = [];
  const flush = createFlush(async () => void story.push("committed"));
  assert.equal(await flush(), { status: "success", message: "Metrics flushed to storage" });
  assert.equal(story, ["committed"]);
});

test("a flush whose commit fails fails", async () => {
  const failure = new ServiceError("storage_unavailable", "disk full");
  const flush = createFlush(() => Promise.reject(failure));
  assert.is(await flush().catch((error: unknown) => error), failure);
});

test("the status of a rate limit is the bucket of the call, under the names that clients know", () => {
  const principal = { apiKeyId: 1, service: "auth", role: "writer", allowedServices: [] } as const;
  const bucket = { limit: 60, remaining: 12, resetSeconds: 48, retryAfterSeconds: 1 };
  const expected = { service: "auth", rate_limit: 60, available_tokens: 12, reset_time_seconds: 48 };
  assert.equal(rateLimitStatus({ principal, requestNumber: 1, requestId: "req_1" }, bucket), expected);
});

test.run();
