import { inspect } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsClient, type Problem } from "../../src/client/index.ts";
import { TestClock } from "../support/time.ts";
import { closeAll, openClient, startService } from "./client-and-service.ts";

test.after.each(closeAll);

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("no");
    },
    ownKeys() {
      throw new Error("no");
    },
  },
);
const thrownObject = {
  get name(): string {
    throw throwing;
  },
};

/** What a host may pass by mistake; `message` tells it of the mistake. */
const UNREADABLE: readonly { readonly name: string; readonly options: unknown; readonly message: RegExp }[] =
  [
    { name: "nothing", options: undefined, message: /undefined/ },
    { name: "null", options: null, message: /null/ },
    { name: "a proxy that throws", options: throwing, message: /^custom: no$/ },
    { name: "a getter that throws what cannot be shown", options: thrownObject, message: /cannot be shown/ },
    { name: "no value", options: { name: "n" }, message: /value is required/ },
    {
      name: "text for a value",
      options: { name: "n", value: "1" },
      message: /value must be a number, not string/,
    },
    {
      name: "an object for a dimension",
      options: { name: {}, value: 1 },
      message: /metric_name must be text/,
    },
    {
      name: "NaN for a dimension",
      options: { name: Number.NaN, value: 1 },
      message: /metric_name must be finite/,
    },
    { name: "cyclic metadata", options: { name: "n", value: 1, metadata: { cyclic } }, message: /circular/i },
    { name: "metadata that throws", options: { name: "n", value: 1, metadata: throwing }, message: /no/ },
    {
      name: "a symbol",
      options: { name: "n", value: 1, metadata: { s: Symbol("s") } },
      message: /not symbol/,
    },
    {
      name: "no time",
      options: { name: "n", value: 1, timestamp: new Date("x") },
      message: /timestamp must be/,
    },
    {
      name: "a time beyond time",
      options: { name: "n", value: 1, timestamp: 1e300 },
      message: /timestamp must be/,
    },
    {
      name: "a thousand dimensions",
      options: {
        name: "n",
        value: 1,
        dimensions: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`d${i}`, 1])),
      },
      message: /too many dimensions: 1000, at most 20/,
    },
    {
      name: "an endless name",
      options: { name: "n", value: 1, metadata: { ["x".repeat(1e6)]: 1 } },
      message: /a name in metadata has 1000000 characters/,
    },
  ];

for (const { name, options, message } of UNREADABLE) {
  test(`emitting throws nothing, but counts and reports: ${name}`, async () => {
    const { client, problems } = openClient({ url: "http://127.0.0.1:1" });
    client.emitCustom(options as never);
    assert.is(client.counts.rejected, 1);
    assert.is(client.counts.waiting, 0);
    assert.is(problems[0]?.reason, "unreadable");
    assert.match(problems[0]?.message ?? "", message);
  });
}

/** What the service takes or refuses by itself must not keep the neighbours from arriving. */
const ODD: readonly unknown[] = [
  { name: "n", value: Number.NaN },
  { name: "n", value: 1, durationMs: -1 },
  { name: "n", value: 1, durationMs: Number.POSITIVE_INFINITY },
  { name: "\ud800", value: 1 },
  { name: "x".repeat(100_000), value: 1, metadata: { text: "語".repeat(100_000), big: 10n ** 400n } },
  { name: "n", value: 1, timestamp: 0.5 },
  { name: "n", value: 1, dimensions: JSON.parse('{"__proto__": 1, "constructor": 2, "a b": 3}') },
  {
    name: "n",
    value: 1,
    metadata: { date: new Date(0), nothing: null, toJSON: () => undefined, list: [cyclic.x] },
  },
];

test("odd metrics take no neighbour with them", async () => {
  const service = await startService();
  const { client } = openClient({ url: service.url });
  for (const options of ODD) {
    client.emitCustom(options as never);
    client.emitCustom({ name: "good", value: 1 });
  }
  assert.is(await client.flush(), true);
  const good = service.rows().filter((row) => String(row.dimensions).includes('"good"'));
  assert.is(good.length, ODD.length);
  assert.is(client.counts.accepted + client.counts.rejected, 2 * ODD.length);
});

const NO_TYPES: readonly unknown[] = [undefined, null, 5, {}, ["custom"], Symbol("s"), "x".repeat(1e6)];

test("what is no type is rejected by itself, and its neighbours are stored", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url });
  for (const type of NO_TYPES) {
    client.emit(type as never);
    client.emit(type as never, null as never);
    client.emitCustom({ name: "good", value: 1 });
  }
  await client.flush();
  assert.is(service.rows().length, NO_TYPES.length);
  assert.is(client.counts.rejected, 2 * NO_TYPES.length);
  for (const { reason, message } of problems) {
    assert.is(reason, "unreadable");
    assert.ok(message.length < 200);
  }
});

test("a host that logs or serializes its client shows no key", () => {
  const { client } = openClient({ url: "http://127.0.0.1:1", apiKey: "not-to-be-seen" });
  assert.not.match(
    inspect({ client }, { depth: 9, showHidden: true }) + JSON.stringify({ client }),
    "not-to-be-seen",
  );
});

test("text beyond the service's limits is cut, in whole characters, rather than rejected", async () => {
  const service = await startService();
  const { client } = openClient({ url: service.url });
  client.emitToolDiscovery({ query: "😀".repeat(500), metadata: { note: "a".repeat(5000) } });
  await client.flush();
  const [row] = service.rows();
  assert.is(JSON.parse(String(row?.dimensions)).query, "😀".repeat(200));
  assert.is(JSON.parse(String(row?.metadata)).note.length, 1000);
});

test("what a host changes after emitting is not what is sent", async () => {
  const service = await startService();
  const { client } = openClient({ url: service.url });
  const options = { name: "before", value: 1, metadata: { note: "before" } };
  client.emitCustom(options);
  options.name = "after";
  options.metadata.note = "after";
  await client.flush();
  assert.not.match(JSON.stringify(service.rows()), "after");
});

const MISCONFIGURED: readonly { readonly options: unknown; readonly message: RegExp }[] = [
  { options: undefined, message: /undefined/ },
  { options: {}, message: /url/ },
  { options: { service: "test", url: "localhost:8890" }, message: /url: "localhost:8890" is no/ },
  {
    options: { service: "test", url: "http://user:word@localhost" },
    message: /^url: must have no user, password, query or fragment$/,
  },
  { options: { service: "test", url: "http://localhost/?a" }, message: /^url: must have no user/ },
  { options: { url: "http://localhost:8890" }, message: /service: must match/ },
  { options: { url: "http://localhost:8890", service: "a b" }, message: /service: must match/ },
  {
    options: { url: "http://localhost:8890", service: "a", apiKey: "line\nfeed" },
    message: /^apiKey: must match/,
  },
  { options: { url: "http://localhost:8890", service: "a", batchMetrics: 0 }, message: /batchMetrics/ },
  { options: { url: "http://localhost:8890", service: "a", transport: "udp" }, message: /transport: "udp"/ },
];

test("a client with unusable options sends nothing, says why, and counts", async () => {
  for (const { options, message } of MISCONFIGURED) {
    const problems: Problem[] = [];
    const onProblem = (problem: Problem) => void problems.push(problem);
    const client = new MetricsClient((options && { ...options, onProblem }) as never);
    client.emitCustom({ name: "n", value: 1 });
    assert.is(await client.flush(), false);
    await client.close();
    assert.is(client.counts.dropped, 1);
    if (options === undefined) continue;
    assert.is(problems[0]?.kind, "misconfigured");
    assert.match(problems[0]?.message ?? "", message);
  }
});

const FAILING: Readonly<Record<string, () => never | Promise<never>>> = {
  throws() {
    throw new Error("from the host");
  },
  async rejects() {
    throw new Error("from the host");
  },
};

for (const [does, onProblem] of Object.entries(FAILING)) {
  test(`a listener that ${does} disturbs nobody`, async () => {
    const service = await startService();
    const clock = new TestClock(Date.now());
    // A rejection that nobody handles fails this file, as it would end the host.
    const { client } = openClient({ url: service.url, clock, onProblem });
    client.emitCustom(undefined as never);
    client.emit("nonsense");
    client.emitCustom({ name: "n", value: 1 });
    await client.flush();
    assert.equal(client.counts, { emitted: 3, accepted: 1, rejected: 2, dropped: 0, waiting: 0, retries: 0 });
  });
}

test("what is null or undefined is absent, wherever it stands, and costs no metric", async () => {
  const service = await startService();
  const { client, problems } = openClient({ url: service.url });
  for (const nothing of [null, undefined]) {
    const fields = { kept: 1, nothing };
    client.emitCustom({ name: "n", value: 1, dimensions: fields, metadata: fields } as never);
    client.emitCustom({ name: "n", value: 1, dimensions: nothing, metadata: nothing } as never);
    client.emitToolExecution({
      toolName: "t",
      success: nothing,
      serverName: nothing,
      userHash: nothing,
    } as never);
    client.emit("custom", {
      dimensions: { metric_name: "n", nothing },
      durationMs: nothing,
      value: nothing,
    } as never);
  }
  assert.is(await client.flush(), true);
  assert.equal(problems, []);
  const rows = service
    .rows()
    .map(({ dimensions, metadata }) => [dimensions, metadata].map((json) => JSON.parse(String(json))));
  const four = [
    [{ metric_name: "n", kept: 1 }, { kept: 1 }],
    [{ metric_name: "n" }, {}],
    [{ tool_name: "t" }, {}],
    [{ metric_name: "n" }, {}],
  ];
  assert.equal(rows, [...four, ...four]);
});

test.run();
