/** Whatever a client may send comes back as it was sent: texts, numbers, times. */
import * as fc from "fast-check";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Batch, Definition } from "../../src/store/batch.ts";
import { NOW_MS } from "../support/time.ts";
import { failureOf } from "../support/wait.ts";
import type { Engine } from "./engines.ts";
import { askOf, eventsOf, ownName, sharedStore, valuesOf, withStore } from "./store-tests.ts";
import { createSender, FIRST_REQUEST, ODD_VALUES, type Request } from "./submissions.ts";

const text = fc.string({
  unit: fc.oneof(
    fc.integer({ max: 0xffff, min: 0 }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom("\ud800", "\\", "u", "d", "8", '"', "\0"),
  ),
  maxLength: 60,
});

/** The same but for half characters, which an engine may keep or repair, and for NULs, at which many readers end. */
const isRepaired = (found: unknown, sent: string) => {
  const wanted = sent.replaceAll("\0", "\ufffd");
  return found === wanted || found === wanted.toWellFormed();
};

export function valuesContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);
  let made: Promise<ReturnType<typeof createSender>> | undefined;
  const sender = () => {
    made ??= shared().then(createSender);
    return made;
  };

  /** Store a request's metrics; returns them as they are told. */
  async function roundTrip(request: Omit<Request, "service">) {
    const service = ownName();
    await (await sender()).submit({ ...request, service });
    return eventsOf(await shared(), service);
  }

  test("dimensions and metadata come back as the JSON that was sent, whatever stands in them", async () => {
    const nested = {
      object: { a: [1, { b: null }], "c.d": '"' },
      list: [1, "two", [3], {}],
      '"odd".key ': 1,
    };
    const metadata = { ...ODD_VALUES, ...nested };
    const metrics = Object.entries(ODD_VALUES).map(([name, value]) => ({
      type: "auth_request",
      value: 1,
      dimensions: { [name]: value, method: value, extra: "x", server: value },
      metadata,
    }));
    for (const [index, event] of (await roundTrip({ metrics })).entries()) {
      assert.equal(JSON.parse(event.dimensions), metrics[index]?.dimensions);
      assert.equal(JSON.parse(event.metadata), metadata);
    }
  });

  test("names that objects inherit are data like any other", async () => {
    const metadata = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    const dimensions = JSON.parse('{"__proto__": "a", "constructor": "b", "hasOwnProperty": "c"}');
    const [event] = await roundTrip({ metrics: [{ type: "custom", value: 1, dimensions, metadata }] });
    assert.equal(
      [event?.metadata, event?.dimensions],
      [JSON.stringify(metadata), JSON.stringify(dimensions)],
    );
  });

  test("metadata keys are told apart, whatever stands in them", async () => {
    const keySets = [["a\nb"], ["a", "b"], ["a\nb", "c"], ["a", "b\nc"], ['["a","b"]'], ["a,b"], ["\ta"]];
    const all = keySets.map((keys) => Object.fromEntries(keys.map((key) => [key, 1])));
    const events = await roundTrip({
      metrics: all.map((metadata) => ({ type: "custom", value: 1, metadata })),
    });
    assert.equal(
      events.map(({ metadata }) => JSON.parse(metadata)),
      all,
    );
  });

  test("any text survives in every place where text may stand, but for a NUL, half characters too", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.tuple(text, text, text), { minLength: 60, maxLength: 60 }),
      async (texts) => {
        const metrics = texts.map(([known, odd, m]) => ({
          type: "auth_request",
          value: 1,
          dimensions: { method: known, odd },
          metadata: { m },
        }));
        const events = await roundTrip({ metrics });
        assert.is(events.length, texts.length);
        for (const [index, [known, odd, m]] of texts.entries()) {
          const { dimensions = "", metadata = "" } = events[index] ?? {};
          const found = JSON.parse(dimensions);
          const isSame = isRepaired(found.method, known) && isRepaired(found.odd, odd);
          assert.ok(
            isSame && isRepaired(JSON.parse(metadata).m, m),
            JSON.stringify([texts[index], events[index]]),
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 5, includeErrorInReport: true });
  });

  test("half a character as a key does its neighbours no harm", async () => {
    const odd = {
      type: "tool_execution",
      value: 2,
      dimensions: { tool_name: "\ud800" },
      metadata: { "a\ud800": ["\udfff"] },
    };
    const events = await roundTrip({
      metrics: [{ type: "custom", value: 1 }, odd, { type: "custom", value: 3 }],
    });
    assert.equal(
      events.map(({ value }) => value),
      [1, 2, 3],
    );
    const [[key = "", [value = ""] = []] = []] = Object.entries(JSON.parse(events[1]?.metadata ?? "")) as [
      string,
      string[],
    ][];
    assert.ok(isRepaired(key, "a\ud800") && isRepaired(value, "\udfff"));
  });

  test("a time is kept to the millisecond, from the year 1 to the year 9999, and is counted since 1970", async () => {
    const first = Date.parse("0001-01-01T00:00:00.000Z");
    const last = Date.parse("9999-12-31T23:59:59.999Z");
    const edges = [
      first,
      first + 1,
      -1,
      0,
      1,
      999,
      -999,
      -62_135_596_799_001,
      last - 1,
      last,
      NOW_MS + 59_999,
    ];
    const random = fc.sample(fc.integer({ min: first, max: last }), 500);
    const instants = [...edges, ...random].sort((a, b) => a - b);
    const change: Request["change"] = (all) =>
      all.flatMap((one) => instants.map((timestampMs) => ({ ...one, timestampMs })));
    const service = ownName();
    const store = await shared();
    await (await sender()).submit({ service, metrics: [{ type: "custom", value: 1 }], change });
    const found = (await eventsOf(store, service)).map(({ timestampMs }) => timestampMs);
    assert.equal(found, instants);
    const range = { startMs: 0, endMs: last + 1 };
    const count = instants.filter((ms) => ms >= 0).length;
    assert.equal(await askOf(store, service, { range }), [[count]]);
  });

  test("numbers are exact to the last digit", async () => {
    const values = [0.1 + 0.2, 1 / 3, -1e-300, 5e-324, 123456789.12345679, -1e12, 0];
    const durations = [0, 12.5, 1 / 3, 86_400_000, 1e-7, undefined, 5];
    const events = await roundTrip({
      metrics: values.map((value, index) => ({ type: "custom", value, duration_ms: durations[index] })),
    });
    assert.equal(
      events.map(({ value, durationMs }) => [value, durationMs]),
      values.map((value, index) => [value, durations[index]]),
    );
  });

  test("a metric keeps its sender and its request: what was not sent is empty", async () => {
    const service = ownName();
    const { submit } = await sender();
    const metrics = [{ type: "custom", value: 1 }];
    await submit({ service, metrics, requestNumber: FIRST_REQUEST });
    await submit({
      service,
      metrics,
      version: "1.2.3",
      instanceId: "i-1",
      apiKeyId: 7,
      requestNumber: FIRST_REQUEST + 2 ** 19,
    });
    const found = (await eventsOf(await shared(), service)).map(
      ({ version, instanceId, receivedMs, request, count }) => [
        version,
        instanceId,
        receivedMs,
        request,
        count,
      ],
    );
    const hex = (number: number) => number.toString(16).padStart(16, "0");
    assert.equal(found, [
      ["", "", NOW_MS, hex(FIRST_REQUEST), 1],
      ["1.2.3", "i-1", NOW_MS + 1000, hex(FIRST_REQUEST + 2 ** 19), 1],
    ]);
  });

  const source = (ref: number, service: string, apiKeyId = 1): Definition => ({
    kind: "source",
    ref,
    apiKeyId,
    source: { service, version: "", instanceId: "", apiKeyId },
  });
  const set = (ref: number, name: string, apiKeyId = 1): Definition => ({
    kind: "dimension_set",
    ref,
    apiKeyId,
    metricType: "custom",
    json: JSON.stringify({ metric_name: name }),
  });
  /** Rows of a source, a dimension set and a value. */
  function batchOf(
    rows: readonly (readonly [number, number, number])[],
    definitions: readonly Definition[],
    forgotten: readonly number[] = [],
  ): Batch {
    const numbers = rows.flatMap(([from, dimensions, value]) => [
      NOW_MS,
      from,
      dimensions,
      FIRST_REQUEST,
      value,
      Number.NaN,
      -1,
    ]);
    const payloads = rows.map(() => null);
    const nothing = { distributions: new Map(), keyed: [], stateRows: [], reportRows: [] };
    return {
      numbers: new Float64Array(numbers),
      payloads,
      rowCount: rows.length,
      definitions,
      forgotten,
      ...nothing,
    };
  }

  test("a batch that forgets an API key drops its earlier definitions, and none of another key", async () => {
    await withStore(engine, async ({ metrics, ...store }) => {
      const commit = (...batch: Parameters<typeof batchOf>) => metrics.commit(batchOf(...batch), NOW_MS);
      await commit([[0, 1, 1]], [source(0, "a"), set(1, "x"), source(2, "gone")]);
      await commit([[0, 1, 2]], [source(3, "kept", 2), set(4, "k", 2)]);
      await commit([[6, 5, 3]], [set(5, "y"), source(6, "b")], [1]);
      await commit([[6, 5, 4]], []);
      assert.match((await failureOf(commit([[2, 5, 5]], []))).message, /./, "forgotten");
      await commit([[3, 4, 6]], []);
      const whole = { ...store, metrics };
      const named = async (service: string) =>
        (await eventsOf(whole, service)).map(({ value, dimensions }) => [
          value,
          JSON.parse(dimensions).metric_name,
        ]);
      assert.equal(await named("a"), [
        [1, "x"],
        [2, "x"],
      ]);
      assert.equal(await named("b"), [
        [3, "y"],
        [4, "y"],
      ]);
      assert.equal(await named("kept"), [[6, "k"]]);
      assert.equal(await valuesOf(whole, "gone"), []);
    });
  });

  test("equal facts are one, whichever batch defines them, also after a restart", async () => {
    const service = ownName();
    const { submit } = await sender();
    const metric = (name: string) => ({
      type: "auth_request",
      value: 1,
      timestamp: NOW_MS - 1,
      dimensions: { method: name },
    });
    await submit({ service, metrics: [metric("a"), metric("b"), metric("a")] });
    await submit({ service, version: "2.0.0", metrics: [metric("b"), metric("a")] });
    const counts = await askOf(await shared(), service, { types: ["auth_request"], groupBy: ["method"] });
    assert.equal(counts, [
      ["a", 3],
      ["b", 2],
    ]);
  });
}
