import * as http2 from "node:http2";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createClientAddress } from "../../src/transport/http/client-address.ts";
import type { NodeRequest } from "../../src/transport/http/exchange.ts";
import { normalAddress } from "../../src/transport/http/forwarded.ts";
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
function requestFrom(peer: string | undefined, headers: Readonly<Record<string, string>>): NodeRequest {
  return { httpVersionMajor: 1, headers, socket: { remoteAddress: peer } } as NodeRequest;
}

const GATEWAY = "10.0.0.7";
/** Also the second proxy of a chain. */
const PROXIES = [GATEWAY, "10.0.1.0/24", "fd00::/8"];
const CLIENT = "203.0.113.7";

interface PeerCase {
  readonly name: string;
  readonly trusted: readonly string[];
  readonly peer: string | undefined;
  readonly is: string | undefined;
}

/** Who forwards; each time for `CLIENT`, in either header. */
const PEERS: readonly PeerCase[] = [
  { name: "nobody is trusted", trusted: [], peer: "127.0.0.1", is: "127.0.0.1" },
  { name: "a peer outside", trusted: ["10.0.0.0/8"], peer: "11.0.0.1", is: "11.0.0.1" },
  { name: "a trusted peer", trusted: PROXIES, peer: GATEWAY, is: CLIENT },
  { name: "its neighbour", trusted: PROXIES, peer: "10.0.0.8", is: "10.0.0.8" },
  { name: "a network, a dual-stack socket", trusted: ["10.0.0.0/8"], peer: "::ffff:10.9.9.9", is: CLIENT },
  { name: "a peer of IPv6", trusted: PROXIES, peer: "fd12::1", is: CLIENT },
  { name: "an IPv4 network in IPv6", trusted: ["::ffff:10.0.0.0/104"], peer: "10.0.0.1", is: CLIENT },
  { name: "everybody is trusted", trusted: ["0.0.0.0/0"], peer: "1.1.1.1", is: CLIENT },
  { name: "a peer that has gone", trusted: ["0.0.0.0/0"], peer: undefined, is: undefined },
];

for (const { name, trusted, peer, is } of PEERS) {
  test(`${name}: ${peer} forwards a request of ${CLIENT}, which is one of ${is}`, () => {
    const clientAddress = createClientAddress(trusted);
    assert.is(clientAddress(requestFrom(peer, { "x-forwarded-for": CLIENT })), is);
    assert.is(clientAddress(requestFrom(peer, { forwarded: `for=${CLIENT}` })), is);
  });
}

type HeaderCase = readonly [name: string, headers: Readonly<Record<string, string>>, is: string];

/** What the gateway forwards. */
const HEADERS: readonly HeaderCase[] = [
  ["nothing said", {}, GATEWAY],
  ["an empty header", { "x-forwarded-for": " , ,", forwarded: "" }, GATEWAY],
  ["a client that wrote the header", { "x-forwarded-for": `9.9.9.9, ${CLIENT}` }, CLIENT],
  ["one that wrote much of it", { "x-forwarded-for": `${"9.9.9.9, ".repeat(1000)}${CLIENT}` }, CLIENT],
  ["one that names a proxy", { "x-forwarded-for": `${GATEWAY}, ${CLIENT}` }, CLIENT],
  ["a second proxy", { "x-forwarded-for": `${CLIENT}, 10.0.1.9` }, CLIENT],
  ["a second proxy, and a client that wrote", { "x-forwarded-for": `9.9.9.9, ${CLIENT}, 10.0.1.9` }, CLIENT],
  ["three proxies", { "x-forwarded-for": `${CLIENT}, fd00::1, 10.0.1.9:80` }, CLIENT],
  ["a second proxy that is not trusted", { "x-forwarded-for": `${CLIENT}, 10.0.2.9` }, "10.0.2.9"],
  ["a client on a proxy's host", { "x-forwarded-for": "10.0.1.8, 10.0.1.9" }, "10.0.1.8"],
  ["empty entries", { "x-forwarded-for": `, ${CLIENT},, 10.0.1.9 ,` }, CLIENT],
  ["entries of spaces", { "x-forwarded-for": `9.9.9.9, ${CLIENT}, , \t, 10.0.1.9 ,  ` }, CLIENT],
  [
    "entries with space around them",
    { "x-forwarded-for": `9.9.9.9 ,\t ${CLIENT}:80 \t,  10.0.1.9\t` },
    CLIENT,
  ],
  [
    "quotes with space around them",
    { "x-forwarded-for": ' "[2001:db8::7]:80" , "10.0.1.9"\t' },
    "2001:db8::7",
  ],
  ["space within the quotes", { "x-forwarded-for": `" ${CLIENT} ", 10.0.1.9` }, CLIENT],
  ["a port", { "x-forwarded-for": `9.9.9.9, ${CLIENT}:4711` }, CLIENT],
  ["brackets and a port", { "x-forwarded-for": "[2001:DB8::7]:99" }, "2001:db8::7"],
  ["quotes", { "x-forwarded-for": '"[2001:db8::7]"' }, "2001:db8::7"],
  ["an IPv4 address in IPv6", { "x-forwarded-for": `::ffff:${CLIENT}` }, CLIENT],
  ["a proxy in IPv6", { "x-forwarded-for": `${CLIENT}, ::ffff:10.0.1.9` }, CLIENT],
  ["an unknown client", { "x-forwarded-for": "unknown" }, GATEWAY],
  ["an unknown client that wrote", { "x-forwarded-for": "9.9.9.9, unknown" }, GATEWAY],
  ["one unknown to a second proxy", { "x-forwarded-for": "9.9.9.9, unknown, 10.0.1.9" }, "10.0.1.9"],
  ["what a client wrote before", { "x-forwarded-for": `unknown, ${CLIENT}` }, CLIENT],
  ["no address", { "x-forwarded-for": "9.9.9.9, <script>" }, GATEWAY],

  ["a client that wrote", { forwarded: `for=9.9.9.9, for=${CLIENT}` }, CLIENT],
  ["all parameters, any case", { forwarded: `by=x;FOR="${CLIENT}:80";proto=https;host="a,b;c"` }, CLIENT],
  ["a second proxy", { forwarded: `for=9.9.9.9,for=${CLIENT} , for=10.0.1.9;proto=http` }, CLIENT],
  ["brackets in quotes", { forwarded: 'for="[2001:db8::7]:4711"' }, "2001:db8::7"],
  ["brackets without quotes", { forwarded: "for=[2001:db8::7]:4711;proto=https" }, "2001:db8::7"],
  ["escapes", { forwarded: 'for="203.0.113.\\7"' }, CLIENT],
  ["an obfuscated port", { forwarded: `for="${CLIENT}:_port"` }, CLIENT],
  ["an obfuscated client", { forwarded: "for=9.9.9.9, for=_hidden" }, GATEWAY],
  ["an unknown client", { forwarded: "for=9.9.9.9, for=unknown" }, GATEWAY],
  ["a proxy without a client", { forwarded: "for=9.9.9.9, proto=https" }, GATEWAY],
  ["an unfinished quotation of a client", { forwarded: `for="9.9.9.9, for=${CLIENT}` }, GATEWAY],
  ["one that the proxy's quotation ends", { forwarded: 'for=9.9.9.9;x=", for="[2001:db8::7]"' }, GATEWAY],
  ["two clients in one", { forwarded: `for=${CLIENT};for=9.9.9.9` }, GATEWAY],
  ["garbage", { forwarded: "=;,=\u0000, for" }, GATEWAY],

  ["both headers", { "x-forwarded-for": `9.9.9.9, ${CLIENT}`, forwarded: `for=${CLIENT}` }, CLIENT],
  ["a client's other header", { "x-forwarded-for": CLIENT, forwarded: "for=9.9.9.9" }, GATEWAY],
  ["the other way round", { "x-forwarded-for": "9.9.9.9", forwarded: `for=${CLIENT}` }, GATEWAY],
  ["one for the scheme alone", { "x-forwarded-for": CLIENT, forwarded: "proto=https;host=h" }, CLIENT],
];

for (const [name, headers, is] of HEADERS) {
  const [written = ""] = Object.values(headers);
  test(`${name}: ${JSON.stringify(headers).slice(0, 100)} is ${is}`, () => {
    assert.is(createClientAddress(PROXIES)(requestFrom(GATEWAY, headers)), is, written.slice(-100));
  });
}

test("whatever a client writes before it, a proxy's entry counts, or the proxy itself", () => {
  const clientAddress = createClientAddress(PROXIES);
  const pieces = ["for", "=", '"', "\\", ",", ";", " ", "9.9.9.9", "[", "::1", "]", ":80", "unknown", "_x"];
  let seed = 1;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 20_000; round += 1) {
    const forged = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join("");
    for (const [header, entry] of [
      ["x-forwarded-for", CLIENT],
      ["forwarded", `for=${CLIENT};proto=https`],
      ["forwarded", `for="${CLIENT}:80"`],
    ] as const) {
      const found = clientAddress(requestFrom(GATEWAY, { [header]: `${forged}, ${entry}` }));
      assert.ok(found === CLIENT || found === GATEWAY, `${header}: ${forged}, ${entry}: ${found}`);
    }
  }
});

test("over both versions of HTTP the last line counts, and a client that left has no address", async () => {
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
    "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n",
  );
  await raw.closed;
  const session = http2.connect(`http://127.0.0.1:${listener.port}`);
  const stream = session.request({ ":path": "/stay", "x-forwarded-for": ["9.9.9.9", "::ffff:203.0.113.8"] });
  stream.on("error", () => undefined);
  while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
  session.destroy();
  assert.is(await afterwards, undefined);
  assert.equal(seen, ["203.0.113.7", "203.0.113.8"]);
  await listener.close(0);
});

test.run();
