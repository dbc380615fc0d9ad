import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createPseudonymise } from "../../src/lib/pseudonym.ts";
import { readInstallationSecret } from "../../src/sqlite/file/installation-secret.ts";

const test = suite<{ folder: string }>("installation secret");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

test("a secret is made once, for its owner's eyes, and is another for another database", ({ folder }) => {
  const path = join(folder, "metrics.db");
  const secret = readInstallationSecret(path);
  assert.is(secret.length, 32);
  assert.equal(readInstallationSecret(path), secret);
  assert.is(statSync(`${path}-secret`).mode & 0o777, 0o600);
  assert.not.equal(readInstallationSecret(join(folder, "other.db")), secret);
});

test("two names of one database have one secret", ({ folder }) => {
  const secret = readInstallationSecret(join(folder, "metrics.db"));
  symlinkSync(join(folder, "metrics.db"), join(folder, "link.db"));
  assert.equal(readInstallationSecret(join(folder, "link.db")), secret);
});

test("a damaged secret is refused, not replaced: what it named could never be matched again", ({
  folder,
}) => {
  const path = join(folder, "metrics.db");
  writeFileSync(`${path}-secret`, "short");
  assert.throws(() => readInstallationSecret(path), "has 5 bytes, not the 32 of a secret");
});

test("a pseudonym is the same for the same name and secret, and for nothing else", () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map(createPseudonymise);
  assert.match(one?.("alice") ?? "", /^[0-9a-f]{16}$/);
  assert.is(one?.("alice"), one?.("alice"));
  assert.is.not(one?.("alice"), one?.("alicf"));
  assert.is.not(one?.("alice"), other?.("alice"));
});

test.run();
