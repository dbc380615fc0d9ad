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

/** Whether a wrong key is told to come later, through each door. */
const DOORS: readonly (readonly [door: string, isLimited: IsLimited])[] = [
  ["REST", async ({ url }, headers) => (await fetch(`${url}/rate-limit`, { headers })).status === 429],
  ["scrapes", async ({ prometheusUrl }, headers) => (await fetch(prometheusUrl, { headers })).status === 429],
  ...RPC.map((mediaType): readonly [string, IsLimited] => [
    mediaType,
    async ({ url }, headers) => {
      const path = "/mcp.metrics.v1.MetricsService/RateLimitStatus";
      const body = mediaType === "application/json" ? Buffer.from("{}") : new Uint8Array(5);
      return (await callRaw(url, { path, mediaType, headers, body })).reason === "rate_limited";
    },
  ]),
];
type IsLimited = (service: TestService, headers: Record<string, string>) => Promise<boolean>;

test("clients behind proxies have a limit each, and none can spend another's or choose its own", async () => {
  const proxies = "127.0.0.0/8,10.0.0.0/8";
  const service = await startTestService({ ...LIMIT, TRUSTED_PROXIES: proxies, PROMETHEUS_AUTH: "key" });
  const spellings = [
    (...hops: readonly string[]) => ({ "x-forwarded-for": hops.join(", ") }),
    (...hops: readonly string[]) => ({ forwarded: hops.map((hop) => `for="${hop}"`).join(", ") }),
  ];
  let number = 0;
  for (const [door, isLimited] of DOORS) {
    for (const spelling of spellings) {
      number += 1;
      const attacker = `203.0.113.${number}`;
      const victim = `198.51.100.${number}`;
      const tries: boolean[] = [];
      for (let index = 0; index < 4; index += 1) {
        // What the client wrote, then what two proxies in a row have added.
        const headers = spelling(index % 2 === 0 ? victim : `192.0.2.${index}`, attacker, "10.0.0.1");
        tries.push(await isLimited(service, { "x-api-key": WRONG_KEY, ...headers }));
      }
      assert.equal(tries, [false, false, false, true], door);
      assert.is(await isLimited(service, { "x-api-key": WRONG_KEY, ...spelling(victim) }), false, door);
      const otherWise = spelling(`::ffff:${attacker}`);
      assert.is(await isLimited(service, { "x-api-key": WRONG_KEY, ...otherWise }), true, door);
    }
  }
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
