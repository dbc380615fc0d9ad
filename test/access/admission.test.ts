import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AdmissionRule } from "../../src/access/admission.ts";
import { createAnonymousAccess } from "../../src/access/anonymous-access.ts";
import type { KeyRole } from "../../src/store/keys.ts";
import { createRecord, KEY, setup } from "./admission-setup.ts";

const ROLES: readonly KeyRole[] = ["writer", "reader", "admin", "server"];

test("a good key is admitted as its owner, with the state of its bucket", () => {
  const { admit, reported } = setup();
  const { call, bucket } = admit();
  const { address, ...admitted } = call ?? {};
  const principal = { apiKeyId: 1, service: "auth", role: "writer", allowedServices: [] };
  assert.equal(admitted, { requestNumber: 7, requestId: "req_0000000000000007", principal });
  assert.is(address?.(), "192.0.2.1");
  assert.equal(bucket, { limit: 60, remaining: 59, resetSeconds: 1, retryAfterSeconds: 1 });
  assert.equal(reported, ["auth success"]);
});

const REFUSED = [
  { name: "no key", key: "", record: createRecord(), reason: "api_key_missing" },
  { name: "a wrong key", key: "wrong", record: createRecord(), reason: "api_key_invalid" },
  {
    name: "the hash of a key",
    key: createRecord().keyHash,
    record: createRecord(),
    reason: "api_key_invalid",
  },
  { name: "a key and a space", key: `${KEY} `, record: createRecord(), reason: "api_key_invalid" },
  { name: "a megabyte", key: "k".repeat(1 << 20), record: createRecord(), reason: "api_key_invalid" },
  { name: "a revoked key", key: KEY, record: createRecord({ isActive: false }), reason: "api_key_inactive" },
  { name: "an expired key", key: KEY, record: createRecord({ expiresMs: 1 }), reason: "api_key_expired" },
] as const;

for (const { name, key, record, reason } of REFUSED) {
  test(`${name} is rejected as ${reason}, with nothing of any bucket`, () => {
    const { admit, reported } = setup(record);
    const { failure, bucket } = admit(key);
    assert.is(failure?.reason, reason);
    assert.is(bucket, undefined);
    assert.equal(reported, [`undefined ${reason}`]);
    assert.not.ok(failure?.message.includes(KEY));
  });
}

test("the texts that clients search for are kept", () => {
  const { admit } = setup(createRecord({ rateLimit: 1 }), createRecord({ key: "off", isActive: false }));
  assert.is(admit("").failure?.message, "API key required in X-API-Key header");
  assert.is(admit("wrong").failure?.message, "Invalid API key");
  assert.is(admit("off").failure?.message, "API key is inactive");
  admit();
  assert.is(admit().failure?.message, "Rate limit exceeded. Limit: 1 requests/minute");
});

const BEARERS: readonly { authorization: string; apiKey?: string; admitted: boolean }[] = [
  { authorization: `Bearer ${KEY}`, admitted: true },
  { authorization: `bearer   ${KEY}`, admitted: true },
  { authorization: `BEARER ${KEY}`, apiKey: "", admitted: true },
  { authorization: `Bearer ${KEY}`, apiKey: "wrong", admitted: false },
  { authorization: "Bearer wrong", apiKey: KEY, admitted: true },
  { authorization: `Basic ${KEY}`, admitted: false },
  { authorization: KEY, admitted: false },
  { authorization: "Bearer", admitted: false },
  { authorization: `Bearer ${KEY} ${KEY}`, admitted: false },
];

for (const { authorization, apiKey, admitted } of BEARERS) {
  const outcome = admitted ? "admitted" : "refused";
  test(`"${authorization}" beside X-API-Key ${apiKey ?? "absent"} is ${outcome}`, () => {
    assert.is(setup().admitBearer(authorization, apiKey).call !== undefined, admitted);
  });
}

test("a key that lacks the role is rejected by name, has paid its token, and gets the state of its bucket", () => {
  const { admit, reported } = setup(createRecord({ role: "reader" }));
  const { failure, bucket } = admit();
  assert.is(failure?.reason, "permission_denied");
  assert.is(bucket?.remaining, 59);
  assert.equal(reported, ["auth permission_denied"]);
});

test("an admin may call everything", () => {
  assert.ok(setup(createRecord({ role: "admin" })).admit(KEY, { roles: [] }).call);
});

test("over the limit a caller is rejected, with the time at which a token is there, and admitted then", () => {
  const { admit, clock, reported } = setup(createRecord({ rateLimit: 2 }));
  assert.equal([admit().call !== undefined, admit().call !== undefined], [true, true]);
  const { failure, bucket } = admit();
  assert.is(failure?.reason, "rate_limited");
  assert.is(failure?.retryAfterSeconds, 30);
  assert.equal(bucket, { limit: 2, remaining: 0, resetSeconds: 60, retryAfterSeconds: 30 });
  assert.equal(reported.slice(-2), ["auth limited", "auth rate_limited"]);
  clock.advance(29_000);
  assert.is(admit().failure?.retryAfterSeconds, 1);
  clock.advance(1000);
  assert.ok(admit().call);
});

test("a route that costs no token answers with an empty bucket too, and takes nothing", () => {
  const { admit } = setup(createRecord({ rateLimit: 1 }));
  admit();
  for (let call = 0; call < 3; call += 1) assert.is(admit(KEY, { costsToken: false }).bucket?.remaining, 0);
  assert.is(admit().failure?.reason, "rate_limited");
});

test("jumps of the wall clock neither fill a bucket nor empty it", () => {
  const jumps = fc.array(fc.tuple(fc.integer({ min: -1e10, max: 1e10 }), fc.nat(3000)), { maxLength: 100 });
  fc.assert(
    fc.property(jumps, (steps) => {
      const [still, jumping] = [
        setup(createRecord({ rateLimit: 20 })),
        setup(createRecord({ rateLimit: 20 })),
      ];
      for (const [jump, ms] of steps) {
        jumping.clock.jumpWall(jump);
        for (const { clock } of [still, jumping]) clock.advance(ms);
        assert.equal(jumping.admit().bucket, still.admit().bucket);
      }
    }),
    { numRuns: 100 },
  );
});

/** Who may call decides nothing about how long a key holds. */
const RULES_ASKED: readonly { name: string; rule: AdmissionRule }[] = [
  { name: "what the role may call", rule: { roles: ROLES, costsToken: true } },
  { name: "what costs no token", rule: { roles: ROLES, costsToken: false } },
  { name: "what only admins may call", rule: { roles: [], costsToken: true } },
];

for (const role of ROLES) {
  for (const { name, rule } of RULES_ASKED) {
    test(`the key of a ${role} ends at its expiry, to the millisecond: for ${name}`, () => {
      const { admit, clock, registry, reported } = setup();
      registry.put(createRecord({ role, expiresMs: clock.wallMs() + 1000 }));
      const mayCall = role === "admin" || rule.roles.includes(role);
      clock.advance(999);
      assert.is(admit(KEY, rule).failure?.reason, mayCall ? undefined : "permission_denied");
      clock.advance(1);
      for (const ms of [0, 1, 86_400_000]) {
        clock.advance(ms);
        const { call, failure, bucket, apiKeyId } = admit(KEY, rule);
        assert.equal(
          [call, failure?.reason, bucket, apiKeyId],
          [undefined, "api_key_expired", undefined, undefined],
        );
      }
      assert.is(reported.at(-1), "undefined api_key_expired");
    });
  }

  test(`the key of a ${role} that has no expiry never ends`, () => {
    const { admit, clock, registry } = setup();
    registry.put(createRecord({ role, expiresMs: undefined }));
    clock.advance(100 * 365 * 86_400_000);
    assert.ok(admit(KEY, { roles: ROLES }).call);
  });

  test(`what may be called without a key is not open to the expired key of a ${role}`, () => {
    const { admitRequest, clock, registry } = setup();
    registry.put(createRecord({ role, expiresMs: clock.wallMs() + 1 }));
    const admitAnonymous = createAnonymousAccess(admitRequest, clock, 60);
    const rule = { ifKey: { roles: ROLES, costsToken: true } };
    const request = { requestNumber: 7, requestId: "req_0000000000000007" };
    const ask = () =>
      admitAnonymous(
        { apiKey: KEY, authorization: undefined, session: () => undefined, address: () => "192.0.2.1" },
        rule,
        request,
      );
    assert.is(ask().anonymousCall?.principal?.role, role);
    clock.advance(1);
    assert.is(ask().failure?.reason, "api_key_expired");
  });
}

test.run();
