import { isIP } from "node:net";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hideAddresses, networkOf } from "../../src/lib/network.ts";
import { cpuMsSince } from "../support/cpu-time.ts";

const CASES: Readonly<Record<string, string | undefined>> = {
  "203.0.113.9": "203.0.0.0/16",
  "::ffff:203.0.113.9": "203.0.0.0/16",
  "2001:db8:85a3::8a2e:370:7334": "2001:db8::/32",
  "2001:0DB8:0:0:0:0:0:1": "2001:db8::/32",
  "::1": "0:0::/32",
  "fe80::1": "fe80:0::/32",
  "1.2.3": undefined,
  "256.1.1.1": undefined,
  "12:30:45": undefined,
  "": undefined,
};

for (const [address, network] of Object.entries(CASES)) {
  test(`of ${address || "nothing"} is kept ${network ?? "nothing, it is no address"}`, () => {
    assert.is(networkOf(address), network);
  });
}

test("addresses in a text become networks, whatever stands around them", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      fc.constantFrom("", " ", "(", "[", "/", "=", '"', "at "),
      (address, before) => {
        fc.pre(isIP(address) !== 0);
        const hidden = hideAddresses(`${before}${address}${before && " "}`);
        assert.ok(hidden.includes(networkOf(address) ?? ""), hidden);
      },
    ),
  );
  assert.is(
    hideAddresses("v1.2.3 at 12:30:45, https://example.com:8080"),
    "v1.2.3 at 12:30:45, https://example.com:8080",
  );
  assert.is(hideAddresses("203.0.113.9:8080, [2001:db8:1::2]:443"), "203.0.0.0/16:8080, [2001:db8::/32]:443");
  assert.is(hideAddresses("::ffff:203.0.113.9abc"), "203.0.0.0/16abc");
});

test("an address is found among other things that colons stand between", () => {
  const texts = [
    "ip:2001:db8:1:2:3:4:5:6",
    "client:2001:db8::7334",
    "2001:db8::7334: refused",
    "from 2001:db8:1:2:3:4:5:7334:443",
    "peer:::ffff:203.0.113.9:80",
    "ip:2001:db8::7334...2001:db8::7334",
    "203.0.113.9:2001:db8::7334",
  ];
  for (const text of texts) {
    const hidden = hideAddresses(text);
    assert.not.match(hidden, /5:6|7334|113/, text);
    assert.match(hidden, /2001:db8::\/32|203\.0\.0\.0\/16/, text);
  }
});

test("a long text takes no longer than its length, whatever it is made of", () => {
  for (const letters of ["a", ":", "1", ".", "a:", "1.", "a:b.", "1234."]) {
    const text = letters.repeat(400_000 / letters.length);
    const before = process.cpuUsage();
    hideAddresses(text);
    const ms = cpuMsSince(before);
    assert.ok(ms < 3_000, `${ms} ms for "${letters}…"; in quadratic time it would be minutes`);
  }
});

test.run();
