/** What browsers, caches and curious people send: preflights, Connect GET, HEAD, wrong methods, unknown paths. */

import { Code } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openRestDoors } from "../support/doors.ts";
import { parseExposition } from "../support/exposition.ts";
import { callRaw, type MediaType } from "../support/raw-rpc.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";
import { sum } from "../telemetry/scrape.ts";

const ORIGIN = "https://dashboard.example";
const METRICS_SERVICE = "/mcp.metrics.v1.MetricsService";
const EXPOSED = [
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After",
  "X-Request-Id",
  "Grpc-Status",
  "Grpc-Message",
  "Grpc-Status-Details-Bin",
];
const ALLOWED = [
  "Content-Type",
  "Connect-Protocol-Version",
  "Connect-Timeout-Ms",
  "Grpc-Timeout",
  "X-Grpc-Web",
  "X-User-Agent",
  "X-API-Key",
  "Authorization",
  "Idempotency-Key",
  "X-Webhook-Signature",
  "X-Signature",
  "Cache-Control",
  "X-Client-Info",
  "apikey",
];

const closed = await startTestService();
const open = await startTestService({ CORS_ORIGINS: `${ORIGIN},https://other.example` });
const restDoors = openRestDoors(closed.url);
const key = { "x-api-key": WRITER_KEY };

test.after(async () => {
  for (const door of restDoors) door.close();
  await closed.close();
  await open.close();
});

const corsHeaders = (answer: Response) =>
  [...answer.headers.keys()].filter((name) => name.startsWith("access-control-"));

function preflight(url: string, origin: string): Promise<Response> {
  return fetch(url, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-api-key,content-type",
    },
  });
}

const PATHS = ["/metrics", "/rate-limit", `${METRICS_SERVICE}/Submit`, `${METRICS_SERVICE}/RateLimitStatus`];

test("cross-origin access is closed unless origins are configured", async () => {
  for (const path of PATHS) {
    const asked = await preflight(closed.url + path, ORIGIN);
    assert.ok(asked.status >= 400, `${path} ${asked.status}`);
    const got = await fetch(closed.url + path, { headers: { origin: ORIGIN, ...key } });
    assert.equal([...corsHeaders(asked), ...corsHeaders(got)], []);
    await got.text();
  }
});

test("a configured origin may ask, on every path, and learns what it may send", async () => {
  for (const path of [...PATHS, "/no/such/path"]) {
    const asked = await preflight(open.url + path, ORIGIN);
    assert.is(asked.status, 204, path);
    assert.is(asked.headers.get("access-control-allow-origin"), ORIGIN);
    assert.match(asked.headers.get("vary") ?? "", /origin/i);
    assert.is(asked.headers.get("access-control-allow-credentials"), null);
    const list = (name: string) => (asked.headers.get(name) ?? "").toLowerCase().split(/, */);
    assert.equal(
      ALLOWED.filter((name) => !list("access-control-allow-headers").includes(name.toLowerCase())),
      [],
    );
    for (const method of ["get", "post", "put"])
      assert.ok(list("access-control-allow-methods").includes(method));
  }
});

test("answers to a configured origin expose the headers that our clients read, failures too", async () => {
  for (const headers of [key, {}]) {
    for (const path of [
      "/rate-limit",
      "/no/such/path",
      `${METRICS_SERVICE}/Health?connect=v1&encoding=json&message={}`,
    ]) {
      const got = await fetch(open.url + path, { headers: { origin: ORIGIN, ...headers } });
      await got.text();
      assert.is(got.headers.get("access-control-allow-origin"), ORIGIN, path);
      const exposed = (got.headers.get("access-control-expose-headers") ?? "").toLowerCase().split(/, */);
      assert.equal(
        EXPOSED.filter((name) => !exposed.includes(name.toLowerCase())),
        [],
      );
    }
  }
});

test("no other origin gets anything", async () => {
  for (const origin of ["https://evil.example", "null", `${ORIGIN}.evil.example`, ORIGIN.replace("s", "")]) {
    const asked = await preflight(`${open.url}/metrics`, origin);
    const got = await fetch(`${open.url}/rate-limit`, { headers: { origin, ...key } });
    await got.text();
    assert.equal([...corsHeaders(asked), ...corsHeaders(got)], [], origin);
    assert.match(got.headers.get("vary") ?? "", /origin/i);
  }
});

test("any origin may come when that is configured, still without credentials", async () => {
  const service = await startTestService({ CORS_ORIGINS: "*" });
  const asked = await preflight(`${service.url}/metrics`, ORIGIN);
  assert.is(asked.headers.get("access-control-allow-origin"), "*");
  assert.is(asked.headers.get("access-control-allow-credentials"), null);
  await service.close();
});

const GET = "connect=v1&encoding=json&message=%7B%7D";

test("RPCs without side effects answer a Connect GET, and the others do not", async () => {
  const get = (method: string) => fetch(`${closed.url}${METRICS_SERVICE}/${method}?${GET}`, { headers: key });
  assert.equal(await (await get("Health")).json(), { status: "healthy", service: "metrics-collection" });
  const status = (await (await get("RateLimitStatus")).json()) as { service: string; rateLimit: number };
  assert.is(status.service, "test");
  assert.is(status.rateLimit, 1_000_000);
  for (const method of ["Submit", "Flush"]) {
    const answer = await get(method);
    await answer.text();
    assert.is(answer.status, 405, method);
    assert.match(answer.headers.get("allow") ?? "", "POST");
  }
});

test("a Connect GET that is malformed is the caller's mistake", async () => {
  for (const query of [
    "",
    "encoding=json",
    `${GET.replace("%7B%7D", "%7B")}`,
    `${GET}&base64=1`,
    "encoding=xml&message=",
  ]) {
    const answer = await fetch(`${closed.url}${METRICS_SERVICE}/Health?${query}`);
    await answer.text();
    assert.ok(answer.status >= 400 && answer.status < 500, `${query}: ${answer.status}`);
  }
});

test("HEAD answers as GET does, without a body", async () => {
  for (const door of restDoors) {
    for (const path of ["/health", "/health/ready", "/", "/rate-limit"]) {
      const head = await door.send("HEAD", path, key);
      const get = await door.send("GET", path, key);
      assert.is(head.status, get.status, path);
      assert.is(head.text, "");
      for (const name of ["content-type", "content-length"])
        assert.is(head.headers.get(name), get.headers.get(name), `${path} ${name}`);
    }
  }
});

test("a method that a route does not have is 405 and says which it has", async () => {
  const cases = [
    { method: "GET", path: "/flush", allow: "POST" },
    { method: "PUT", path: "/flush", allow: "POST" },
    { method: "DELETE", path: "/metrics", allow: "POST, GET, HEAD" },
    { method: "POST", path: "/rate-limit", allow: "GET, HEAD" },
    { method: "POST", path: "/health", allow: "GET, HEAD" },
    { method: "OPTIONS", path: "/metrics", allow: "POST, GET, HEAD" },
  ];
  for (const door of restDoors) {
    for (const { method, path, allow } of cases) {
      const { status, headers, text } = await door.send(method, path, key);
      assert.is(status, 405, `${method} ${path}`);
      assert.is(headers.get("allow"), allow);
      const { request_id, ...body } = JSON.parse(text);
      assert.is(headers.get("x-request-id"), request_id);
      assert.equal(body, {
        detail: "Method Not Allowed",
        status_code: 405,
        status: "error",
        error: "method_not_allowed",
        message: "Method Not Allowed",
      });
    }
  }
});

const UNKNOWN_PATHS = [
  "/nothing",
  "/metrics//",
  "/Metrics",
  "//metrics",
  "/%6detrics",
  "/health/db/x",
  "/__proto__",
];

test("a path that is not served is 404 in JSON, whatever the method", async () => {
  for (const door of restDoors) {
    for (const path of UNKNOWN_PATHS) {
      for (const method of ["GET", "POST", "PATCH"]) {
        const { status, text, headers } = await door.send(method, path, key);
        assert.is(status, 404, `${method} ${path}`);
        const { request_id, ...body } = JSON.parse(text);
        assert.is(headers.get("x-request-id"), request_id);
        assert.equal(body, {
          detail: "Not Found",
          status_code: 404,
          status: "error",
          error: "not_found",
          message: "Not Found",
        });
      }
    }
  }
});

test("a query string does not change which route it is", async () => {
  for (const door of restDoors) {
    assert.is((await door.send("GET", "/health?a=b&c", {})).status, 200);
    assert.is((await door.send("GET", "/health?/metrics", {})).status, 200);
  }
});

async function countedAs404(): Promise<number> {
  const samples = parseExposition(await (await fetch(closed.prometheusUrl)).text());
  return sum(samples, "http_requests_total", { method: "POST", endpoint: "unknown", status: "404" });
}

const CALLS: readonly { readonly mediaType: MediaType; readonly httpStatus: number }[] = [
  { mediaType: "application/json", httpStatus: 404 },
  { mediaType: "application/proto", httpStatus: 404 },
  { mediaType: "application/connect+json", httpStatus: 200 },
  { mediaType: "application/connect+proto", httpStatus: 200 },
  { mediaType: "application/grpc", httpStatus: 200 },
  { mediaType: "application/grpc+json", httpStatus: 200 },
  { mediaType: "application/grpc-web+proto", httpStatus: 200 },
];

test("an RPC that does not exist is unimplemented in the protocol of the call, and counted as 404", async () => {
  const before = await countedAs404();
  const paths = [`${METRICS_SERVICE}/Nothing`, "/mcp.metrics.v1.NoService/Submit"];
  for (const path of paths) {
    for (const { mediaType, httpStatus } of CALLS) {
      const headers = { "connect-protocol-version": "1" };
      const answer = await callRaw(closed.url, { path, mediaType, headers, body: new Uint8Array(5) });
      assert.equal(
        [answer.httpStatus, answer.code, answer.reason, answer.message],
        [httpStatus, Code.Unimplemented, "unimplemented", "unknown RPC"],
        mediaType,
      );
      assert.match(String(answer.headers["x-request-id"]), /^req_/);
    }
  }
  assert.is((await countedAs404()) - before, paths.length * CALLS.length);
});

test.run();
