/** Bodies within the limit that would hold the event loop for seconds, if somebody only decoded them. */
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpuMsSince } from "../support/cpu-time.ts";
import { callRaw, envelope } from "../support/raw-rpc.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";

/**
 * What both ends may spend on one call. Refusing takes a tenth of it on a small machine, and the most that
 * is let through a fifth; decoding everything takes twice as much.
 */
const CPU_MS_MAX = 3000;
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";

const service = await startTestService();

test.after(() => service.close());

/** 10 MB each, valid and invalid JSON, deep and wide. */
const STALLERS: Readonly<Record<string, string>> = {
  "nested lists": "[".repeat(9_900_000),
  "nested lists that end": "[".repeat(4_900_000) + "]".repeat(4_900_000),
  "nested objects": '{"a":'.repeat(1_900_000),
  "a list of empty lists": `{"metrics":[${"[],".repeat(3_200_000)}[]]}`,
  "a list of small objects": `{"metrics":[${'{"a":1},'.repeat(1_100_000)}{}]}`,
  "an object of many keys": `{${Array.from({ length: 600_000 }, (_, at) => `"k${at}":0`).join(",")}}`,
  "deep metadata behind a long string": `{"service":"${'\\\\\\"['.repeat(1_100_000)}","m":${"[".repeat(4_000_000)}`,
};

const JSON_WIRES: readonly { readonly path: string; readonly type: string; readonly frame: boolean }[] = [
  { path: "/metrics", type: "application/json", frame: false },
  { path: SUBMIT, type: "application/json", frame: false },
  { path: SUBMIT, type: "application/grpc-web+json", frame: true },
];

for (const [name, text] of Object.entries(STALLERS)) {
  for (const { path, type, frame } of JSON_WIRES) {
    for (const encoding of [undefined, "gzip"] as const) {
      test(`${name} in 10 MB do not stall the service: ${type} to ${path}, ${encoding ?? "plain"}`, async () => {
        const plain = Buffer.from(text);
        const packed = encoding === undefined ? plain : gzipSync(plain);
        const body = frame ? envelope(packed, encoding === undefined ? 0 : 1) : packed;
        const before = process.cpuUsage();
        const answer = await fetch(service.url + path, {
          method: "POST",
          headers: {
            "x-api-key": WRITER_KEY,
            "content-type": type,
            ...(encoding !== undefined && { [frame ? "grpc-encoding" : "content-encoding"]: encoding }),
          },
          body: new Uint8Array(body),
        });
        const said = (await answer.text()) + answer.headers.get("grpc-message");
        const ms = cpuMsSince(before);
        assert.match(decodeURIComponent(said), /JSON (is nested deeper|has more) than/);
        assert.is(answer.status, frame ? 200 : 400);
        assert.ok(ms < CPU_MS_MAX, `${ms} ms`);
      });
    }
  }
}

/** 10 MB of protobuf that would become millions of objects, and as much as is allowed. */
const WIRE_STALLERS: Readonly<Record<string, { readonly bytes: Buffer; readonly reason: string }>> = {
  "empty metrics": { bytes: Buffer.alloc(9_800_000, Buffer.from([0x22, 0])), reason: "malformed_body" },
  "unknown fields": { bytes: Buffer.alloc(9_000_000, Buffer.from([0xf8, 1, 1])), reason: "malformed_body" },
  "as many metrics as are let through": {
    bytes: Buffer.alloc(500_000, Buffer.from([0x22, 0])),
    reason: "validation_failed",
  },
};

for (const [name, { bytes, reason }] of Object.entries(WIRE_STALLERS)) {
  for (const mediaType of ["application/proto", "application/grpc", "application/grpc-web+proto"] as const) {
    for (const encoding of [undefined, "gzip"] as const) {
      test(`${name} do not stall the service: ${mediaType}, ${encoding ?? "plain"}`, async () => {
        const packed = encoding === undefined ? bytes : gzipSync(bytes);
        const isFramed = mediaType !== "application/proto";
        const before = process.cpuUsage();
        const answer = await callRaw(service.url, {
          path: SUBMIT,
          mediaType,
          headers: {
            "x-api-key": WRITER_KEY,
            ...(encoding !== undefined && { [isFramed ? "grpc-encoding" : "content-encoding"]: encoding }),
          },
          body: isFramed ? envelope(packed, encoding === undefined ? 0 : 1) : packed,
        });
        const ms = cpuMsSince(before);
        assert.is(answer.reason, reason, answer.message);
        assert.ok(ms < CPU_MS_MAX, `${ms} ms`);
      });
    }
  }
}

test("after all of this the service still takes metrics, and nothing of it was its own mistake", async () => {
  const answer = await fetch(`${service.url}/metrics`, {
    method: "POST",
    headers: { "x-api-key": WRITER_KEY, "content-type": "application/json" },
    body: JSON.stringify({ service: "test", metrics: [{ type: "custom", value: 1 }] }),
  });
  assert.is(answer.status, 200);
  assert.equal(
    service.logs.filter(({ level }) => level === "ERROR"),
    [],
  );
});

test.run();
