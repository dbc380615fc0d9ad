import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { ADMIN } from "../support/http.ts";
import { readRows } from "../support/sql.ts";
import { type DirectoryContext, openDirectory } from "./directory-service.ts";

const test = suite<DirectoryContext>("RotateServerKey");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

test("a rotated key works on for the overlap that was asked for, in seconds, and else not at all", async (context) => {
  for (const [index, { name, directory }] of context.clients.entries()) {
    for (const [overlap, wantedMs] of [
      [undefined, 0],
      [{ seconds: 0n, nanos: 0 }, 0],
      [{ seconds: 90n, nanos: 0 }, 90_000],
    ] as const) {
      const { id, key } = await context.register(`overlap-${index}-${wantedMs}-${overlap === undefined}`);
      const beganMs = Date.now();
      const call = { serverId: id, ...(overlap !== undefined && { overlap }) };
      await directory.rotateServerKey(call, { headers: { ...ADMIN } });
      const tookMs = Date.now() - beganMs;
      const sql = "SELECT expires_at FROM api_keys WHERE key_hash = ?";
      const [row] = readRows(context.service.databasePath, sql, hashKey(key["x-api-key"] ?? ""));
      const lateMs = Date.parse(String(row?.expires_at)) - beganMs - wantedMs;
      assert.ok(lateMs >= -1000 && lateMs <= tookMs + 1000, `${name}: ${lateMs} ms from ${wantedMs}`);
    }
  }
});

test.run();
