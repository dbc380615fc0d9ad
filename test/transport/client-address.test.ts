import * as http2 from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createClientAddress, normalAddress } from "../../src/transport/http/client-address.ts";
import type { NodeRequest } from "../../src/transport/http/exchange.ts";
import { connectRaw, openTestListener } from "../support/open-test-listener.ts";

const NORMAL: readonly (readonly [written: string | undefined, normal: string | undefined])[] = [
  ["192.0.2.1", "192.0.2.1"],
  [" 192.0.2.1 ", "192.0.2.1"],
  ["192.0.2.1:8080", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:C000:0201", "192.0.2.1"],
  ["[::ffff:192.0.2.1]:443", "192.0.2.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["::1", "::1"],
  ["unknown", undefined],
  ["_hidden", undefined],
  ["", undefined],
  ["1.2.3", undefined],
  ["01.2.3.4", undefined],
  ["1.2.3.4.5:80", undefined],
  ["2001:db8::1:::", undefined],
  ["host.example", undefined],
  [undefined, undefined],
];

for (const [written, normal] of NORMAL) {
  test(`${JSON.stringify(written)} is ${normal === undefined ? "no address" : `the address ${normal}`}`, () => {
    assert.is(normalAddress(written), normal);
  });
}

/** What matters of a request over HTTP/1.1. */
function requestFrom(peer: string | undefined, forwardedFor?: string): NodeRequest {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return { httpVersionMajor: 1, headers, socket: { remoteAddress: peer } } as NodeRequest;
}

interface Case {
  readonly name: string;
  readonly trusted: readonly string[];
  readonly peer: string | undefined;
  readonly forwardedFor?: string;
  readonly is: string | undefined;
}

const CASES: readonly Case[] = [
  { name: "nobody trusted", trusted: [], peer: "127.0.0.1", forwardedFor: "203.0.113.7", is: "127.0.0.1" },
  {
    name: "a peer outside",
    trusted: ["10.0.0.0/8"],
    peer: "11.0.0.1",
    forwardedFor: "9.9.9.9",
    is: "11.0.0.1",
  },
  { name: "a trusted peer", trusted: ["10.0.0.7"], peer: "10.0.0.7", forwardedFor: "9.9.9.9", is: "9.9.9.9" },
  { name: "its neighbour", trusted: ["10.0.0.7"], peer: "10.0.0.8", forwardedFor: "9.9.9.9", is: "10.0.0.8" },
  {
    name: "a trusted network",
    trusted: ["192.168.0.0/16", "10.0.0.0/8"],
    peer: "::ffff:10.9.9.9",
    forwardedFor: "203.0.113.7, 10.1.1.1",
    is: "203.0.113.7",
  },
  {
    name: "a trusted IPv6 network",
    trusted: ["fd00::/8"],
    peer: "fd12::1",
    forwardedFor: "[2001:DB8::7]:99",
    is: "2001:db8::7",
  },
  {
    name: "an IPv4 network in IPv6",
    trusted: ["::ffff:10.0.0.0/104"],
    peer: "10.0.0.1",
    forwardedFor: "1.2.3.4",
    is: "1.2.3.4",
  },
  { name: "every network", trusted: ["0.0.0.0/0"], peer: "1.1.1.1", forwardedFor: "2.2.2.2", is: "2.2.2.2" },
  { name: "a proxy that says nothing", trusted: ["10.0.0.7"], peer: "10.0.0.7", is: "10.0.0.7" },
  {
    name: "an unknown client",
    trusted: ["10.0.0.7"],
    peer: "10.0.0.7",
    forwardedFor: "unknown",
    is: "10.0.0.7",
  },
  {
    name: "an unknown client behind a second proxy",
    trusted: ["10.0.0.7"],
    peer: "10.0.0.7",
    forwardedFor: "unknown, 9.9.9.9",
    is: "10.0.0.7",
  },
  {
    name: "a peer that has gone",
    trusted: ["0.0.0.0/0"],
    peer: undefined,
    forwardedFor: "9.9.9.9",
    is: undefined,
  },
];

for (const { name, trusted, peer, forwardedFor, is } of CASES) {
  test(`${name}: ${peer} forwarding for ${forwardedFor} is ${is}`, () => {
    assert.is(createClientAddress(trusted)(requestFrom(peer, forwardedFor)), is);
  });
}

test("over both versions of HTTP the header counts as it arrives, and a client that left has no address", async () => {
  const clientAddress = createClientAddress(["127.0.0.0/8"]);
  const seen: (string | undefined)[] = [];
  let left: (address: string | undefined) => void = () => undefined;
  const afterwards = new Promise<string | undefined>((resolve) => {
    left = resolve;
  });
  const listener = await openTestListener({
    onRequest(request, response) {
      seen.push(clientAddress(request));
      if (request.url === "/stay")
        response.once("close", () => setImmediate(() => left(clientAddress(request))));
      else response.end();
    },
  });
  const raw = connectRaw(
    listener.port,
    "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: close\r\n\r\n",
  );
  await raw.closed;
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request({ ":path": "/stay", "x-forwarded-for": "::ffff:203.0.113.8, 9.9.9.9" });
  stream.on("error", () => undefined);
  while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
  session.destroy();
  assert.is(await afterwards, undefined);
  assert.equal(seen, ["203.0.113.7", "203.0.113.8"]);
  await listener.close(0);
});

test.run();
