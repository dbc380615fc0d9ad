import { test } from "uvu";
import * as assert from "uvu/assert";
import { EndpointNames, normalizeEndpoint } from "../../../src/client/http/endpoint.ts";

const CASES: readonly (readonly [path: string, endpoint: string])[] = [
  // The specification's own.
  ["/api/v1/servers/abc123/logs", "/api/v1/servers/{id}/logs"],
  ["/api/v1/tools/server1.tool42", "/api/v1/tools/{id}"],
  ["/api/v1/resources/path/to/file", "/api/v1/resources/{id}/{id}/{id}"],

  ["/", "/"],
  ["", "/"],
  ["/health", "/health"],
  ["/health/", "/health"],
  ["//health", "/health"],
  ["/api/v1/status", "/api/v1/status"],
  ["/api/v2beta1/status", "/api/v2beta1/status"],
  ["/orders/42", "/orders/{id}"],
  ["/orders/6f1c2f0e-1f5b-4b5e-9d7a-3f1d2a4b5c6d", "/orders/{id}"],
  ["/orders/deadbeef", "/orders/{id}"],
  ["/orders/facade", "/orders/facade"],
  ["/orders/a1", "/orders/{id}"],
  ["/files/a/b?x=1#y", "/files/{id}/{id}"],
  ["/api/v1/servers/main/start", "/api/v1/servers/{id}/start"],
  ["/api/v1/servers", "/api/v1/servers"],
  ["/search?q=/servers/1", "/search"],
  ["http://proxy.example:8080/orders/42?x", "/orders/{id}"],
  ["*", "/*"],
  [`/sign-in/${"token".repeat(20)}`, "/sign-in/{id}"],
];

for (const [path, endpoint] of CASES) {
  test(`${JSON.stringify(path.slice(0, 60))} is ${endpoint}`, () => {
    assert.is(normalizeEndpoint(path), endpoint);
  });
}

const letters = (index: number) => Array.from(String(index), (digit) => "abcdefghij"[Number(digit)]).join("");

test("random paths make a bounded number of endpoints, and the rest is one", () => {
  const names = new EndpointNames();
  const seen = new Set<string>();
  for (let index = 0; index < 100_000; index += 1) seen.add(names.ofPath(`/${letters(index)}`, true));
  assert.is(seen.size, 101);
  assert.ok(seen.has("_other"));
});

test("routers that are mounted where clients choose the path make a bounded number of endpoints", () => {
  const names = new EndpointNames();
  const seen = new Set<string>();
  for (let index = 0; index < 1000; index += 1) {
    seen.add(names.ofRoute({ mount: `/${letters(index)}`, path: "/users/:id" }));
    seen.add(names.ofRoute({ mount: `/${letters(index)}`, path: "/" }));
  }
  assert.is(seen.size, 201);
  assert.is(names.ofRoute({ mount: "", path: "/of/the/:app" }), "/of/the/:app");
});

test("paths that are not found leave room for those that are", () => {
  const names = new EndpointNames();
  for (let index = 0; index < 10_000; index += 1) names.ofPath(`/${letters(index)}`, false);
  assert.is(names.ofPath("/late", true), "/late");
  // … also once they have been seen.
  assert.is(names.ofPath("/late", false), "/late");
});

test.run();
