import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN } from "../support/http.ts";
import { COLLECT, countOf, type DirectoryContext, openDirectory, sign } from "./directory-service.ts";

const test = suite<DirectoryContext>("signatures");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const METRIC = { name: "response_time", value: 120.5, type: "gauge" };

test("once a server has a secret, what is not signed with it over these very bytes is rejected", async (context) => {
  const { key, secret } = await context.register("signed", { signed: true });
  const body = JSON.stringify({ server_id: "signed", metrics: [METRIC] });
  const good = sign(secret, body);
  const wrong = [
    undefined,
    "",
    "sha256=",
    good.slice(0, 63),
    `${good}0`,
    good.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
    good.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    `sha512=${good}`,
    `${good}, ${sign("", body)}`,
    Buffer.from(good, "hex").toString("base64"),
    sign("", body),
    sign(`${secret}x`, body),
    sign(secret, `${body} `),
  ];
  for (const signature of wrong) {
    const headers = signature === undefined ? {} : { "x-webhook-signature": signature };
    const { status, body: said } = await context.send("POST", COLLECT, { ...key, ...headers }, body);
    assert.equal(
      [status, said.error, said.code],
      [401, "Invalid webhook signature", "signature_invalid"],
      signature,
    );
  }
  for (let at = 0; at < body.length; at += 7) {
    const bytes = Buffer.from(body);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { status } = await context.send("POST", COLLECT, { ...key, "x-signature": good }, bytes);
    // A changed byte may also leave no JSON, or another server's id.
    assert.ok(status === 401 || status === 400, `byte ${at}: ${status}`);
  }
  assert.is(countOf(context, "signed"), 0);
  for (const [name, signature, spaces] of [
    ["x-webhook-signature", good, 0],
    ["x-signature", `sha256=${sign(secret, `${body} `).toUpperCase()}`, 1],
  ] as const) {
    const sent = body + " ".repeat(spaces);
    const { status } = await context.send("POST", COLLECT, { ...key, [name]: signature }, sent);
    assert.is(status, 200, name);
  }
  assert.is(countOf(context, "signed"), 2);
  const unasked = await context.register("unsigned");
  const sent = { server_id: "unsigned", metrics: [METRIC] };
  assert.is((await context.send("POST", COLLECT, { ...unasked.key, "x-signature": "no" }, sent)).status, 200);
});

test("a signed body that is sent 64 times at once, and again with other keys, is stored once", async (context) => {
  const { key, secret, id } = await context.register("replayed", { signed: true });
  const body = JSON.stringify({ server_id: id, metrics: [METRIC, METRIC] });
  const headers = { ...key, "x-webhook-signature": sign(secret, body) };
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, index) =>
      context.send("POST", COLLECT, { ...headers, "idempotency-key": `retry ${index}` }, body),
    ),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  assert.is(answers.filter(({ body: said }) => said.duplicate === undefined).length, 1);
  assert.is(new Set(answers.map(({ body: said }) => said.timestamp)).size, 1, "the first answer again");
  const { apiKey } = await context.rpc.rotateServerKey({ serverId: id }, { headers: { ...ADMIN } });
  for (const other of [{ "x-api-key": apiKey }, ADMIN]) {
    const { status, body: said } = await context.send("POST", COLLECT, { ...headers, ...other }, body);
    assert.equal([status, said.duplicate], [200, true]);
  }
  assert.is(countOf(context, id), 2);
});

test.run();
