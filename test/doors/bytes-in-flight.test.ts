/** The bytes of all bodies in flight are bounded, through every door alike. */
import { request } from "node:http";
import { connect, constants } from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDoors } from "../support/doors.ts";
import { ALPHA_KEY, BETA_KEY, startTestService, TWO_SERVICES } from "../support/service.ts";
import { until } from "../support/wait.ts";

const LIMIT_KB = 300;

/** Metrics that are so many kilobytes in any spelling. */
const submissionOf = (kilobytes: number, service: string) => ({
  service,
  metrics: Array.from({ length: kilobytes }, (_, value) => ({
    type: "custom",
    value,
    metadata: { text: "x".repeat(1000) },
  })),
});

/** A body of which half has been sent. */
async function openUpload(url: string, apiKey: string, service: string, kilobytes: number) {
  const body = Buffer.from(JSON.stringify(submissionOf(kilobytes, service)));
  const upload = request(`${url}/metrics`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json", "content-length": body.length },
  });
  const status = new Promise<number | undefined>((resolve, reject) => {
    upload.once("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    upload.once("error", reject);
  });
  upload.write(body.subarray(0, body.length / 2));
  return { status, end: () => upload.end(body.subarray(body.length / 2)) };
}

test("a body that does not fit beside those in flight is refused, and taken once they are answered", async () => {
  const service = await startTestService({ ...TWO_SERVICES, MAX_BYTES_IN_FLIGHT: `${LIMIT_KB}KB` });
  const doors = openDoors(service.url);
  const alpha = { "x-api-key": ALPHA_KEY };
  const beta = { "x-api-key": BETA_KEY };
  const upload = await openUpload(service.url, ALPHA_KEY, "alpha", 80);
  const second = await openUpload(service.url, ALPHA_KEY, "alpha", 60);
  const [door] = doors;
  await until("both are in flight", async () => {
    const outcome = await door?.submit(submissionOf(40, "alpha"), alpha);
    return outcome?.failure === "queue_full";
  });
  for (const { name, submit } of doors) {
    const refused = await submit(submissionOf(90, "alpha"), alpha);
    assert.equal([refused.failure, refused.retryAfterSeconds], ["queue_full", 1], name);
    assert.is((await submit(submissionOf(1, "alpha"), alpha)).accepted, 1, `${name}: a small one`);
    assert.is((await submit(submissionOf(60, "beta"), beta)).accepted, 60, `${name}: of another key`);
  }
  upload.end();
  second.end();
  assert.equal([await upload.status, await second.status], [200, 200]);
  for (const { name, submit } of doors) {
    // Not for ever taken by what was refused.
    for (let round = 0; round < 3; round += 1)
      assert.is((await submit(submissionOf(90, "alpha"), alpha)).accepted, 90, name);
  }
  for (const { close } of doors) close();
  await service.close();
});

test("bodies count until their calls are answered, through every door", async () => {
  const service = await startTestService({ ...TWO_SERVICES, MAX_BYTES_IN_FLIGHT: `${LIMIT_KB}KB` });
  for (const { name, submit, close } of openDoors(service.url)) {
    const alpha = { "x-api-key": ALPHA_KEY };
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, () => submit(submissionOf(90, "alpha"), alpha)),
    );
    const refused = outcomes.filter(({ failure }) => failure === "queue_full");
    assert.ok(refused.length > 0, `${name}: all fitted at once`);
    assert.ok(refused.length < outcomes.length, `${name}: none fitted`);
    close();
  }
  await service.close();
});

test("what a client leaves behind that resets its calls, or goes, is given back", async () => {
  const service = await startTestService({ ...TWO_SERVICES, MAX_BYTES_IN_FLIGHT: `${LIMIT_KB}KB` });
  const doors = openDoors(service.url);
  const body = Buffer.from(JSON.stringify(submissionOf(60, "alpha")));
  const alpha = { "x-api-key": ALPHA_KEY, "content-type": "application/json" };
  for (const path of ["/metrics", "/mcp.metrics.v1.MetricsService/Submit"]) {
    for (const end of ["reset", "gone"] as const) {
      const session = connect(service.url);
      const calls = Array.from({ length: 4 }, () =>
        session.request({ ":method": "POST", ":path": path, ...alpha }),
      );
      for (const call of calls) {
        call.on("error", () => {});
        call.write(body.subarray(0, body.length / 2));
      }
      await until("they are in flight", async () => {
        const outcome = await doors[0]?.submit(submissionOf(90, "alpha"), alpha);
        return outcome?.failure === "queue_full";
      });
      if (end === "reset") for (const call of calls) call.close(constants.NGHTTP2_CANCEL);
      else session.destroy();
      await until(`${path} ${end}: all is given back`, async () => {
        const outcome = await doors[0]?.submit(submissionOf(130, "alpha"), alpha);
        return outcome?.accepted === 100;
      });
      session.destroy();
    }
  }
  for (const { close } of doors) close();
  await service.close();
});

test.run();
