import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../../src/errors.ts";
import type { Exchange } from "../../../src/transport/http/exchange.ts";
import { failureAnswer } from "../../../src/transport/rest/failures.ts";

const answer = (path: string, failure: ServiceError) =>
  failureAnswer(failure, { path, requestId: "req_1" } as Exchange);
const notFound = new ServiceError("not_found", "Not Found");
const noKey = new ServiceError("api_key_invalid", "Invalid API key");
const request_id = "req_1";

test("clients of the collection service get detail and status_code", () => {
  for (const path of ["/", "/metrics", "/api/export.csv", "/no/such/path"]) {
    assert.equal(answer(path, notFound), {
      status: 404,
      headers: {},
      body: {
        detail: "Not Found",
        status_code: 404,
        status: "error",
        error: "not_found",
        message: "Not Found",
        request_id,
      },
    });
  }
});

test("clients of the composer get detail, details and a challenge", () => {
  const body = {
    detail: "Invalid API key",
    error: "api_key_invalid",
    message: "Invalid API key",
    details: {},
  };
  assert.equal(answer("/api/v1/status", noKey), {
    status: 401,
    headers: { "www-authenticate": "Bearer" },
    body: { ...body, request_id },
  });
  assert.equal(answer("/api/v1/none", notFound).headers, {});
});

test("clients of the directory get success and code, in its own words", () => {
  const body = { success: false, error: "Invalid API key", code: "api_key_invalid", request_id };
  for (const path of ["/functions/v1/metrics-collect", "/servers/7/metrics"]) {
    assert.equal(answer(path, noKey), { status: 401, headers: {}, body });
  }
  const wrongMethod = new ServiceError("method_not_allowed", "Method Not Allowed");
  assert.is((answer("/functions/v1/x", wrongMethod).body as { error: string }).error, "Method not allowed");
});

test("whoever may retry learns when, in any words", () => {
  const busy = new ServiceError("queue_full", "full", { retryAfterSeconds: 1.2 });
  for (const path of ["/metrics", "/api/v1/status", "/functions/v1/usage-track"]) {
    assert.equal(answer(path, busy).headers, { "retry-after": "2" });
  }
});

test.run();
