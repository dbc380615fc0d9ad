/** Wrong keys, beyond the limit of their address, through every door. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { callRaw, type MediaType } from "../support/raw-rpc.ts";
import { ADMIN_KEY, startTestService, type TestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";

const LIMIT = { METRICS_FAILED_AUTH_LIMIT: "3" };
const RPC: readonly MediaType[] = ["application/json", "application/grpc", "application/grpc-web+proto"];

async function ask(service: TestService, headers: Record<string, string>) {
  const answer = await fetch(`${service.url}/rate-limit`, { headers });
  const body = (await answer.json()) as { error?: string; detail?: string };
  const { error, detail } = body;
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), error, detail };
}

async function fail(service: TestService, times: number, headers: Record<string, string> = {}) {
  const statuses: number[] = [];
  for (let index = 0; index < times; index++) {
    statuses.push((await ask(service, { "x-api-key": WRONG_KEY, ...headers })).status);
  }
  return statuses;
}

test("every protocol answers a wrong key too many with 429 and when to come again, and a valid one as ever", async () => {
  const service = await startTestService({ ...LIMIT, PROMETHEUS_AUTH: "key" });
  assert.equal(await fail(service, 4), [401, 401, 401, 429]);
  const refused = await ask(service, { authorization: `Bearer ${WRONG_KEY}` });
  assert.equal([refused.status, refused.error, refused.retryAfter], [429, "rate_limited", "20"]);
  assert.match(refused.detail ?? "", /^Invalid API key\. Too many failed authentications/);
  for (const mediaType of RPC) {
    const path = "/mcp.metrics.v1.MetricsService/RateLimitStatus";
    const body = mediaType === "application/json" ? Buffer.from("{}") : new Uint8Array(5);
    const call = (key: string) =>
      callRaw(service.url, { path, mediaType, headers: { "x-api-key": key }, body });
    const answer = await call(WRONG_KEY);
    assert.equal([answer.reason, answer.retryDelaySeconds], ["rate_limited", 20], mediaType);
    assert.is((await call(WRITER_KEY)).reason, undefined, mediaType);
  }
  const scrape = (key: string) => fetch(service.prometheusUrl, { headers: { "x-api-key": key } });
  const scraped = await scrape(WRONG_KEY);
  assert.equal([scraped.status, scraped.headers.get("retry-after")], [429, "20"]);
  assert.is((await scrape(ADMIN_KEY)).status, 200);
  const warnings = service.logs.filter(({ message }) => message === "too many failed authentications");
  assert.equal(
    warnings.map(({ network, refused: count }) => [network, count]),
    [["127.0.0.0/16", 1]],
  );
  assert.not.match(JSON.stringify(warnings), /127\.0\.0\.1/, "no log tells a full address");
  assert.not.match(JSON.stringify(service.logs), WRONG_KEY);
  await service.close();
});

test("clients behind a trusted proxy have a limit each", async () => {
  const service = await startTestService({ ...LIMIT, TRUSTED_PROXIES: "127.0.0.0/8" });
  const from = (address: string) => ({ "x-forwarded-for": address });
  assert.equal(await fail(service, 4, from("203.0.113.7, 10.0.0.1")), [401, 401, 401, 429]);
  assert.equal(await fail(service, 1, from("203.0.113.8")), [401]);
  assert.equal(await fail(service, 1, from("::ffff:203.0.113.7")), [429]);
  await service.close();
});

test("nobody gets around the limit with a header", async () => {
  const service = await startTestService(LIMIT);
  const statuses: number[] = [];
  for (let index = 0; index < 5; index++) {
    statuses.push(...(await fail(service, 1, { "x-forwarded-for": `203.0.113.${index}` })));
  }
  assert.equal(statuses, [401, 401, 401, 429, 429]);
  await service.close();
});

test.run();
