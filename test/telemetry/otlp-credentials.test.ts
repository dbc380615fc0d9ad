import { test } from "uvu";
import * as assert from "uvu/assert";
import { moveCredentials } from "../../src/telemetry/otlp/exporter.ts";

test("a URL without credentials is used as it stands", () => {
  const request = { url: "https://collector/otlp/v1/metrics?t=1", headers: { a: "b" } };
  assert.equal(moveCredentials(request), request);
});

test("credentials in the URL become a header and leave the URL", () => {
  const { url, headers } = moveCredentials({
    url: "http://user:p%40ss@collector:4318/v1/metrics",
    headers: {},
  });
  assert.is(url, "http://collector:4318/v1/metrics");
  assert.is(headers.authorization, `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
});

test("an authorization header of its own wins over the URL's", () => {
  const headers = { authorization: "Bearer t" };
  assert.equal(moveCredentials({ url: "http://user:p@collector/v1/metrics", headers }).headers, headers);
});

test.run();
