import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { matchesGlob, mayWrite } from "../../src/access/call.ts";
import { cpuMsSince } from "../support/cpu-time.ts";

const PRINCIPAL = { apiKeyId: 1, service: "auth", role: "writer", allowedServices: [] } as const;

const CASES: readonly { name: string; allowed: readonly string[]; service: string; may: boolean }[] = [
  { name: "its own", allowed: [], service: "auth", may: true },
  { name: "another", allowed: [], service: "auth2", may: false },
  { name: "its own in capitals", allowed: [], service: "AUTH", may: false },
  { name: "one it was allowed", allowed: ["registry"], service: "registry", may: true },
  { name: "one that a star covers", allowed: ["none", "gate-*"], service: "gate-eu", may: true },
  { name: "one that merely contains an allowed one", allowed: ["gate"], service: "my-gate-2", may: false },
  { name: "any, by a star", allowed: ["*"], service: "x", may: true },
];

for (const { name, allowed, service, may } of CASES) {
  test(`a writer ${may ? "may" : "may not"} write ${name}`, () => {
    assert.is(mayWrite({ ...PRINCIPAL, allowedServices: allowed }, service), may);
  });
}

test("an admin may write any service", () => {
  assert.ok(mayWrite({ ...PRINCIPAL, role: "admin" }, "anything"));
});

test("a glob matches what the regular expression of the same meaning matches", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 12 });
  const globs = fc.string({ unit: fc.constantFrom("a", "b", "-", "*", "?", "."), maxLength: 8 });
  fc.assert(
    fc.property(globs, letters, (glob, text) => {
      const source = [...glob].map((one) => (one === "*" ? ".*" : one === "?" ? "." : `[${one}]`)).join("");
      assert.is(matchesGlob(glob, text), new RegExp(`^${source}$`).test(text), `${glob} ${text}`);
    }),
    { numRuns: 5000 },
  );
});

test("no glob can stall the service", () => {
  const before = process.cpuUsage();
  for (let round = 0; round < 1000; round += 1) {
    assert.not.ok(matchesGlob(`${"*a".repeat(49)}*b`, "a".repeat(100)));
    assert.not.ok(matchesGlob(`${"*".repeat(99)}b`, "a".repeat(100)));
  }
  const ms = cpuMsSince(before);
  assert.ok(ms < 5000, `${ms} ms`);
});

test.run();
