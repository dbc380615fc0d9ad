/** Keys that a predecessor made: whoever holds one goes on with it, whatever hash of it was imported. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey, legacyHashKey } from "../../src/access/api-key.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { runCli, temporaryFolder } from "../cli/run-cli.ts";
import { MIGRATIONS } from "../sqlite/databases.ts";
import { startTestService } from "../support/service.ts";
import { freshTarget, importFile } from "./imports.ts";
import { addKey, createPredecessor } from "./predecessor.ts";

const PLAIN = "mcp_metrics_plain-key-of-the-predecessor-000000000000000";
const KEYED = "mcp_metrics_keyed-key-of-the-predecessor-000000000000000";
const REVOKED = "mcp_metrics_revoked-key-of-the-predecessor-0000000000000";
const SHARED = "one-secret-under-three-names";

async function submit(url: string, key: string, service: string): Promise<number> {
  const metrics = [{ type: "auth_request", value: 1 }];
  const body = JSON.stringify({ service, metrics });
  const headers = { "X-API-Key": key, "Content-Type": "application/json" };
  return (await fetch(`${url}/metrics`, { method: "POST", headers, body })).status;
}

test("both kinds of hash work after an import, ours is stored at the first use, and a second import adds none", async () => {
  const path = join(temporaryFolder(), "old.db");
  const old = createPredecessor(path);
  addKey(old, hashKey(PLAIN), "gateway");
  addKey(old, legacyHashKey(KEYED).toUpperCase(), "registry");
  addKey(old, legacyHashKey(REVOKED), "auth", 0);
  const { env, target } = freshTarget();
  assert.equal((await importFile(path, env)).keys, { imported: 3, already_here: 0, skipped: {} });
  const hashes = () =>
    readDatabase(target, (database) =>
      database
        .all("SELECT key_hash FROM api_keys WHERE origin = 'created' ORDER BY id")
        .map((row) => row.key_hash),
    );
  for (const round of ["first", "after a restart"]) {
    const { url, service } = await startTestService({ SQLITE_DB_PATH: target });
    for (const [key, name, status] of [
      [PLAIN, "gateway", 200],
      [KEYED, "registry", 200],
      [KEYED, "registry", 200],
      [REVOKED, "auth", 401],
      [`${KEYED}x`, "registry", 401],
      [legacyHashKey(KEYED), "registry", 401],
    ] as const) {
      assert.is(await submit(url, key, name), status, `${round}: ${key}`);
    }
    await service.close();
    assert.equal(hashes(), [PLAIN, KEYED, REVOKED].map(hashKey), "of the revoked one too: it was sent");
  }
  assert.equal((await importFile(path, env)).keys, { imported: 0, already_here: 3, skipped: {} });
  assert.is(hashes().length, 3);
  const version = MIGRATIONS.find((migration) => migration.name === "legacy_key_hashes")?.version ?? 0;
  const { code, stderr } = await runCli(["migrate", "down", String(version - 1), "--yes"], env);
  assert.is(code, 0, stderr);
  assert.is((await runCli(["migrate", "up"], env)).code, 0);
  assert.equal(hashes(), [PLAIN, KEYED, REVOKED].map(hashKey));
  old.close();
});

const SHARED_AS = {
  METRICS_API_KEY_AUTH: SHARED,
  METRICS_API_KEY_REGISTRY: SHARED,
  METRICS_API_KEY_MCPGW: SHARED,
};

for (const [name, hash] of [
  ["is in the environment alone", undefined],
  ["was imported with a plain hash", hashKey],
  ["was imported with an HMAC", legacyHashKey],
] as const) {
  test(`one secret under three names that ${name} writes for the three, and for nobody else`, async () => {
    const { env, target } = freshTarget();
    if (hash !== undefined) {
      const path = join(temporaryFolder(), "old.db");
      const old = createPredecessor(path);
      addKey(old, hash(SHARED), "auth");
      assert.equal((await importFile(path, env)).keys, { imported: 1, already_here: 0, skipped: {} });
      old.close();
    }
    const strict = { METRICS_SERVICE_BINDING: "strict", SQLITE_DB_PATH: target, ...SHARED_AS };
    const { url, service } = await startTestService(strict);
    for (const name of ["auth", "registry", "mcpgw"]) assert.is(await submit(url, SHARED, name), 200, name);
    assert.is(await submit(url, SHARED, "other"), 403);
    await service.close();
  });
}

test.run();
