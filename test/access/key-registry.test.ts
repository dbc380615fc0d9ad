import { test } from "uvu";
import * as assert from "uvu/assert";
import { generateKey, hashKey, KEY_LENGTH_MAX, legacyHashKey } from "../../src/access/api-key.ts";
import { KeyRegistry } from "../../src/access/key-registry.ts";
import { prefixOf } from "../../src/store/keys.ts";
import { TestClock } from "../support/time.ts";
import { createRecord, KEY, setup } from "./admission-setup.ts";

test("a key is the prefix and 43 URL-safe characters, and never the same twice", () => {
  const keys = new Set(Array.from({ length: 1000 }, generateKey));
  assert.is(keys.size, 1000);
  for (const key of keys) assert.match(key, /^mcp_metrics_[A-Za-z0-9_-]{43}$/);
});

test("a key is kept as its SHA-256 in hex", () => {
  assert.is(hashKey("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("the predecessor's hash is HMAC-SHA-256 under its constant", () => {
  // Of Python: hmac.new(b"mcp-gateway-metrics-api-key-v1", b"abc", "sha256").hexdigest()
  assert.is(legacyHashKey("abc"), "677c3792f14eea71cf6f9f570c71600ca732aebec62b5e6cf8f27431344d0047");
});

test("a key is found by the predecessor's hash, once, and by ours from then on, with its bucket", () => {
  const key = "mcp_metrics_of-the-predecessor";
  const { clock } = setup();
  const record = { ...createRecord({ id: 7, rateLimit: 2 }), keyHash: legacyHashKey(key) };
  const upgraded: unknown[] = [];
  const registry = new KeyRegistry(clock, [record], [], (...told) => void upgraded.push(told));
  for (const wrong of ["", "x", record.keyHash, hashKey(key), key.slice(1), `${key} `]) {
    assert.is(registry.find(wrong), undefined, wrong);
  }
  assert.equal(upgraded, []);
  const entry = registry.find(key);
  assert.is(entry?.record.id, 7);
  assert.ok(entry !== undefined && registry.takeToken(entry));
  registry.put({ ...record, description: "read before the new hash was stored" });
  assert.is(registry.find(key)?.bucket, entry.bucket);
  assert.is(registry.find(key)?.record.description, "read before the new hash was stored");
  registry.put({ ...record, isActive: false });
  assert.is(registry.find(key)?.record.isActive, false, "revoked, whatever hash the database has");
  assert.equal(upgraded, [[7, { keyHash: hashKey(key) }]]);
});

/** As keys are made: 43 characters after the mark. */
const MADE = `mcp_metrics_${"aB3_E-gH".padEnd(43, "x")}`;

const PREFIXES: readonly (readonly [key: string, prefix: string | undefined])[] = [
  [MADE, "aB3_E-gH"],
  [`${MADE}longer`, "aB3_E-gH"],
  [`mcp_metrics_${"x".repeat(40)}`, "xxxxxxxx"],
  // Too little would be left to guess, or nothing says that it is random.
  [`mcp_metrics_${"x".repeat(39)}`, undefined],
  ["mcp_metrics_12345678", undefined],
  [`other_${"x".repeat(60)}`, undefined],
  [` ${MADE}`, undefined],
  [`${MADE}!`, undefined],
  ["", undefined],
];

for (const [key, prefix] of PREFIXES) {
  test(`of ${JSON.stringify(key)} ${prefix ?? "nothing"} is shown, learnt when it is first used`, () => {
    assert.is(prefixOf(key), prefix);
    const learnt: unknown[] = [];
    const record = createRecord({ key, id: 7 });
    const registry = new KeyRegistry(new TestClock(), [record], [], (...told) => void learnt.push(told));
    const bucket = registry.find(key)?.bucket;
    const entry = registry.find(key);
    assert.is(entry?.bucket, bucket);
    assert.equal([entry?.record.prefix, entry?.principal.prefix], [prefix, prefix]);
    assert.equal(learnt, prefix === undefined ? [] : [[7, { prefix }]]);
    const known = new KeyRegistry(new TestClock(), [{ ...record, prefix: "known" }], [], () =>
      assert.unreachable(),
    );
    assert.is(known.find(key)?.record.prefix, "known");
  });
}

test("a key of the longest length is found, one that is longer is not looked at", () => {
  const [longest, longer] = ["k".repeat(KEY_LENGTH_MAX), "k".repeat(KEY_LENGTH_MAX + 1)];
  const { registry } = setup(createRecord({ key: longest }), createRecord({ key: longer }));
  assert.is(registry.find(longest)?.record.service, "auth");
  assert.is(registry.find(longer), undefined);
});

test("a changed key keeps its bucket: changing it gives no tokens", () => {
  const { admit, registry } = setup();
  for (let call = 0; call < 50; call += 1) admit();
  registry.put(createRecord({ description: "changed" }));
  assert.is(admit().bucket?.remaining, 9);
});

test("a lower limit is in force with the next request", () => {
  const { admit, registry } = setup();
  registry.put(createRecord({ rateLimit: 5 }));
  assert.equal(admit().bucket, { limit: 5, remaining: 4, resetSeconds: 12, retryAfterSeconds: 1 });
});

test("a higher limit fills from where the bucket was, at its own speed", () => {
  const { admit, registry, clock } = setup(createRecord({ rateLimit: 1 }));
  admit();
  registry.put(createRecord({ rateLimit: 600 }));
  assert.is(admit().failure?.reason, "rate_limited");
  clock.advance(1000);
  assert.equal(admit().bucket, { limit: 600, remaining: 9, resetSeconds: 60, retryAfterSeconds: 1 });
});

test("a revoked key is out with the next request, a new one in", () => {
  const { admit, registry } = setup();
  assert.ok(admit().call);
  registry.put(createRecord({ isActive: false }));
  assert.is(admit().failure?.reason, "api_key_inactive");
  registry.put(createRecord({ key: "new", id: 2 }));
  assert.is(admit("new").call?.principal.apiKeyId, 2);
});

test("every key has a bucket of its own, also two keys of one service", () => {
  const { admit } = setup(
    createRecord({ rateLimit: 1 }),
    createRecord({ key: "second", id: 2, rateLimit: 1 }),
  );
  assert.ok(admit().call);
  assert.is(admit().failure?.reason, "rate_limited");
  assert.ok(admit("second").call);
});

test("a service has the tokens of its poorest key in force; the local key is nobody's", () => {
  const { admit, registry } = setup(
    createRecord({ rateLimit: 10 }),
    createRecord({ key: "second", id: 2, rateLimit: 100 }),
    createRecord({ key: "revoked", id: 3, rateLimit: 1, isActive: false }),
    createRecord({ key: "other", id: 4, service: "other", rateLimit: 30 }),
    createRecord({ key: "local", id: 0, service: "local-cli" }),
  );
  for (let call = 0; call < 95; call += 1) admit("second");
  assert.equal(
    [...registry.availableTokens()],
    [
      ["auth", 5],
      ["other", 30],
    ],
  );
  assert.ok(registry.find(KEY));
});

test.run();
