import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KeyRole } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { ADMIN } from "../support/http.ts";
import { openAdmin } from "./administered-service.ts";

const headers = { headers: ADMIN };

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return call.then(
    () => undefined,
    (error) => ConnectError.from(error).code,
  );
}

test("a key that has been rotated away is not rotated again: its successor would be born dead", async () => {
  const admin = await openAdmin();
  try {
    for (const { admin: client, name } of admin.clients) {
      const { key } = await client.createKey({ service: "twice", role: KeyRole.WRITER }, headers);
      const id = key?.id ?? 0n;
      const first = await client.rotateKey({ id }, headers);
      assert.is(await codeOf(client.rotateKey({ id }, headers)), Code.NotFound, name);
      assert.is(first.key?.expiresAt, undefined, name);
      const next = await client.rotateKey(
        { id: first.key?.id ?? 0n, overlap: durationFromMs(60_000) },
        headers,
      );
      assert.is(next.key?.expiresAt, undefined, name);
    }
  } finally {
    await admin.close();
  }
});

test("a role that is not known is rejected, also where JSON reads it as none", async () => {
  const admin = await openAdmin();
  try {
    for (const role of ['"root"', '"reader"', "0", "17"]) {
      const response = await fetch(`${admin.service.url}/mcp.metrics.v1.AdminService/CreateKey`, {
        method: "POST",
        headers: { ...(ADMIN as Record<string, string>), "content-type": "application/json" },
        body: `{"service": "odd", "role": ${role}}`,
      });
      assert.is(response.status, 400, role);
      assert.match(await response.text(), /role|KEY_ROLE_/, role);
    }
  } finally {
    await admin.close();
  }
});

test.run();
