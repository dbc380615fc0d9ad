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
        fc.pre(isIP(address) !== 0 && address !== "::");
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

/** Each holds no address, whatever it looks like. */
const NONE = [
  "std::vec::Vec",
  "std::fs::File, std::io::Read",
  "core::fmt::Debug for a::b::Cde",
  "e::new()",
  "crate::a::b",
  "x :: y",
  "::",
  "v1.2.3.4",
  "version 1.2.3.4",
  "Version: 1.2.3.4",
  "version=10.0.0.1",
  "release/10.0.0.1",
  "1.2.3.4.5",
  "1.3.6.1.4.1.311",
  "1.2.3.2551",
  "256.1.1.1",
  "12:30:45",
  "aa:bb:cc:dd:ee:ff",
  "1:2:3",
  "http://localhost:8080",
];

for (const text of NONE) {
  test(`nothing in ${text} is taken for an address`, () => assert.is(hideAddresses(text), text));
}

test("four numbers behind a product's name are its version in a User-Agent, and nowhere else", () => {
  const agent = "Mozilla/5.0 (203.0.113.9) Chrome/120.0.0.0 Safari/537.36";
  const hidden = "Mozilla/5.0 (203.0.0.0/16) Chrome/120.0.0.0 Safari/537.36";
  assert.is(hideAddresses(agent, { isUserAgent: true }), hidden);
  assert.is(hideAddresses("/hosts/203.0.113.9"), "/hosts/203.0.0.0/16");
});

/** Each holds an address, however it is spelled. */
const SPELLED = [
  "203%2E0%2E113%2E9",
  "2001%3Adb8%3A%3A7334",
  "2001%253Adb8%253A%253A7334",
  "2001:DB8::7334",
  "from=203.0.113.9&to",
  "203.0.113.9.",
  "...203.0.113.9...",
  "x2001:db8::7334",
  "2001:db8::7334port",
  "revision of 203.0.113.9",
];

for (const text of SPELLED) {
  test(`the address in ${text} is hidden`, () => {
    const hidden = hideAddresses(text);
    assert.match(hidden, /203\.0\.0\.0\/16|2001:db8::\/32/);
    assert.not.match(hidden, /113|7334/);
  });
}

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
