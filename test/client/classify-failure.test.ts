/** Which failed calls are repeated: those that may pass by themselves, and no others. */
import { Code, ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { classifyFailure, TimeoutError } from "../../src/client/classify-failure.ts";

/** Every code: whether it is repeated as a service answers it, and as it is with `retry-after`. */
const CODES: Readonly<Record<keyof typeof Code, readonly [alone: boolean, withRetryAfter: boolean]>> = {
  Canceled: [true, true],
  Unknown: [false, false],
  InvalidArgument: [false, false],
  DeadlineExceeded: [true, true],
  NotFound: [false, false],
  AlreadyExists: [false, false],
  PermissionDenied: [false, false],
  ResourceExhausted: [false, true],
  FailedPrecondition: [false, false],
  Aborted: [true, true],
  OutOfRange: [false, false],
  Unimplemented: [false, false],
  Internal: [false, false],
  Unavailable: [true, true],
  DataLoss: [false, false],
  Unauthenticated: [false, false],
};

for (const [name, [alone, withRetryAfter]] of Object.entries(CODES)) {
  const code = Code[name as keyof typeof Code];
  test(`${name} is ${alone ? "" : "not "}repeated, with retry-after ${withRetryAfter ? "" : "not "}so`, () => {
    const plain = classifyFailure(new ConnectError("no", code), 0);
    assert.equal([plain.isRetryable, plain.retryAfterMs], [alone, 0]);
    const asked = classifyFailure(new ConnectError("no", code, { "retry-after": "3" }), 0);
    assert.equal([asked.isRetryable, asked.retryAfterMs], [withRetryAfter, 3000]);
  });
}

test("what the transport has caught is a lost connection, and so is no answer in time", () => {
  for (const code of [Code.Unknown, Code.Internal]) {
    const lost = new ConnectError("failed", code, undefined, undefined, new Error("socket hang up"));
    const { isRetryable, reason } = classifyFailure(lost, 0);
    assert.equal([isRetryable, reason], [true, "unreachable"]);
  }
  const late = classifyFailure(new TimeoutError("no answer"), 0);
  assert.equal([late.isRetryable, late.reason, late.retryAfterMs], [true, "timeout", 0]);
});

test.run();
