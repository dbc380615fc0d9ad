import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSeal } from "../../src/lib/seal.ts";

const SECRET = Buffer.alloc(32, 7);
const seal = createSeal(SECRET, "tests");

test("what was sealed is opened again by the same secret for the same purpose and owner, and by nothing else", () => {
  const sealed = seal.close("whsec_väry secret", "server-1");
  assert.is(createSeal(SECRET, "tests").open(sealed, "server-1"), "whsec_väry secret");
  assert.is(seal.open(sealed, "server-2"), undefined);
  assert.is(createSeal(SECRET, "other tests").open(sealed, "server-1"), undefined);
  assert.is(createSeal(Buffer.alloc(32, 8), "tests").open(sealed, "server-1"), undefined);
  assert.not.ok(Buffer.from(sealed).includes("whsec"));
  assert.not.equal(seal.close("same", "server-1"), seal.close("same", "server-1"));
});

test("a changed or cut seal stays closed", () => {
  const sealed = Buffer.from(seal.close("secret", "server-1"));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.is(seal.open(changed, "server-1"), undefined, `byte ${at}`);
    assert.is(seal.open(sealed.subarray(0, at), "server-1"), undefined, `${at} bytes`);
  }
});

test.run();
