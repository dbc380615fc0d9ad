/** A header that both a client and its proxy set: the same twice is one, two different ones are none. */
import * as http from "node:http";
import * as http2 from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COLLECT, openDirectory, sign } from "../directory/directory-service.ts";
import { ADMIN_KEY, WRITER_KEY, WRONG_KEY } from "../support/service.ts";

const directory = await openDirectory({ METRICS_FAILED_AUTH_LIMIT: "20", PROMETHEUS_AUTH: "key" });
const { service } = directory;

test.after(async () => {
  await directory.close();
});

type Headers = Readonly<Record<string, string | readonly string[]>>;

interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly headers: Headers;
  readonly body?: string;
}

/** What was answered: the status, and of gRPC its own. */
type Answer = { readonly status: string; readonly text: string };

function overHttp1({ url, method = "POST", headers, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    );
    const request = http.request(url, { method, headers: sent }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: String(response.statusCode), text: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function overHttp2({ url, method = "POST", headers, body }: Asked): Promise<Answer> {
  const { origin, pathname } = new URL(url);
  const session = http2.connect(origin);
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
  const stream = session.request({ ":method": method, ":path": pathname, ...sent });
  let status = "";
  stream.on("response", (received) => {
    status = String(received["grpc-status"] ?? received[":status"]);
  });
  stream.on("trailers", (received) => {
    status = String(received["grpc-status"]);
  });
  stream.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  session.close();
  return { status, text: Buffer.concat(chunks).toString() };
}

const WIRES = { "HTTP/1.1": overHttp1, "HTTP/2": overHttp2 };
const json = { "content-type": "application/json" };
const METRICS = JSON.stringify({ service: "test", metrics: [{ type: "custom", value: 1 }] });
const rpc = "/mcp.metrics.v1.MetricsService/Submit";
const flush = "/mcp.metrics.v1.MetricsService/Flush";

/** Every door that asks for a key, with what it answers to a good one. */
const DOORS: Readonly<
  Record<string, { asked: Omit<Asked, "headers"> & { headers?: Headers }; good: string }>
> = {
  REST: { asked: { url: `${service.url}/metrics`, headers: json, body: METRICS }, good: "200" },
  Connect: { asked: { url: service.url + rpc, headers: json, body: METRICS }, good: "200" },
  gRPC: {
    asked: {
      url: service.url + flush,
      headers: { "content-type": "application/grpc", te: "trailers" },
      body: "\0\0\0\0\0",
    },
    good: "0",
  },
  "an anonymous route": {
    asked: { url: `${service.url}/servers/nobody/metrics`, method: "GET" },
    good: "403",
  },
  "the scrape port": { asked: { url: service.prometheusUrl, method: "GET" }, good: "200" },
};

for (const [version, ask] of Object.entries(WIRES)) {
  for (const [name, { asked, good }] of Object.entries(DOORS)) {
    if (name === "gRPC" && version === "HTTP/1.1") continue;
    test(`the same key sent twice is one key: ${name} over ${version}`, async () => {
      // More often than wrong keys are answered with 401.
      for (let times = 0; times < 25; times += 1) {
        const key = name === "the scrape port" ? ADMIN_KEY : WRITER_KEY;
        for (const value of [[key, key], [key, key, key], ["", key], `${key},${key}`, key]) {
          const { status } = await ask({ ...asked, headers: { ...asked.headers, "x-api-key": value } });
          assert.is(status, good, `${value}`);
        }
      }
    });
  }
}

test("two different keys are none, in either order", async () => {
  for (const ask of Object.values(WIRES)) {
    for (const keys of [
      [WRITER_KEY, WRONG_KEY],
      [WRONG_KEY, WRITER_KEY],
      [WRITER_KEY, ADMIN_KEY],
      [WRITER_KEY, WRITER_KEY, WRONG_KEY],
    ]) {
      const headers = { ...json, "x-api-key": keys };
      const { status, text } = await ask({ url: `${service.url}/metrics`, headers, body: METRICS });
      assert.is(status, "401");
      assert.match(text, "api_key_invalid");
    }
  }
});

test("the same idempotency key sent twice is one, and two are none", async () => {
  const idempotency = ["once-1", "once-1"];
  for (const url of [`${service.url}/metrics`, service.url + rpc]) {
    for (const ask of Object.values(WIRES)) {
      const headers = { ...json, "x-api-key": WRITER_KEY, "idempotency-key": idempotency };
      await ask({ url, headers, body: METRICS });
      const again = await ask({ url, headers: { ...headers, "idempotency-key": "once-1" }, body: METRICS });
      assert.is(JSON.parse(again.text).duplicate, true, again.text);
    }
  }
});

test("the same signature sent twice is one", async () => {
  const { key, secret } = await directory.register("signed", { signed: true });
  for (const [version, ask] of Object.entries(WIRES)) {
    for (const name of ["x-webhook-signature", "x-signature"]) {
      const metrics = [{ name: "m", type: "gauge", value: 1, tags: { version, name } }];
      const body = JSON.stringify({ server_id: "signed", metrics });
      const signature = sign(secret, body);
      const headers = { ...json, ...key, [name]: [signature, signature] };
      const { status, text } = await ask({ url: service.url + COLLECT, headers, body });
      assert.is(status, "200", text);
    }
  }
});

test.run();
