import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createRequestNumbers } from "../../src/access/call.ts";
import { storableText } from "../../src/lib/storable-text.ts";
import { FIRST_REQUEST, ODD_VALUES } from "../store/submissions.ts";
import { NOW_MS } from "../support/time.ts";
import { roundTrip, within } from "./submitter.ts";

test("dimensions, catalogued or not, come back as the JSON that was sent", () => {
  for (const [name, value] of Object.entries(ODD_VALUES)) {
    const dimensions = { [name]: value, method: value, extra: "x", server: value };
    const row = roundTrip("metrics", { type: "auth_request", dimensions });
    assert.equal(JSON.parse(String(row.dimensions)), dimensions, name);
  }
});

test("metadata comes back as the JSON that was sent, objects and lists included", () => {
  const nested = { object: { a: [1, { b: null }], "c.d": '"' }, list: [1, "two", [3], {}], '"odd".key ': 1 };
  const metadata = { ...ODD_VALUES, ...nested };
  const row = roundTrip("metrics", { type: "auth_request", dimensions: { other: 1 }, metadata });
  assert.equal(JSON.parse(String(row.metadata)), metadata);
  assert.equal(JSON.parse(String(row.dimensions)), { other: 1 });
});

test("names that objects inherit are data like any other", () => {
  const metadata = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
  const dimensions = JSON.parse('{"__proto__": "a", "constructor": "b", "hasOwnProperty": "c"}');
  const row = roundTrip("metrics", { type: "custom", dimensions, metadata });
  assert.is(row.metadata, JSON.stringify(metadata));
  assert.is(row.dimensions, JSON.stringify(dimensions));
});

for (const [name, odd] of [
  ["a lone surrogate", "\ud800"],
  ["a NUL", "\0"],
] as const) {
  test(`${name} becomes U+FFFD, wherever it stands: reading one would end the process, or the text`, () => {
    const text = `a${odd}b \\ud800 \\u0000`;
    const fields = { success: true, tool_name: text, user_hash: text };
    const metadata = { error_code: text, nested: { list: [text] }, [text]: 1, lone: odd };
    const metric = { type: "tool_execution", dimensions: fields, metadata };
    const stored = "a\ufffdb \\ud800 \\u0000";
    const row = roundTrip("tool_metrics", metric);
    assert.equal([row.tool_name, row.user_hash, row.error_code], [stored, stored, stored]);
    const { dimensions, metadata: read } = roundTrip("metrics", metric);
    assert.equal(JSON.parse(String(dimensions)), { success: true, tool_name: stored, user_hash: stored });
    const expected = { error_code: stored, nested: { list: [stored] }, [stored]: 1, lone: "\ufffd" };
    assert.equal(JSON.parse(String(read)), expected);
  });
}

test("an odd metric does its neighbours no harm", () => {
  within((database, submitter) => {
    const odd = {
      type: "tool_execution",
      value: 1e12,
      dimensions: { tool_name: "\ud800" },
      metadata: ODD_VALUES,
    };
    submitter.submit({ metrics: [{ type: "custom", value: 1 }, odd, { type: "custom", value: 3 }] });
    const rows = database.all("SELECT value FROM metrics ORDER BY id");
    assert.equal(
      rows.map(({ value }) => value),
      [1, 1e12, 3],
    );
    assert.is(database.all("SELECT * FROM tool_metrics").length, 1);
  });
});

test("any text survives in every place where text may stand, but for a NUL and half characters", () => {
  within((database, submitter) => {
    let id = 0;
    const text = fc.string({
      unit: fc.oneof(
        fc.integer({ max: 0xffff, min: 0 }).map((unit) => String.fromCharCode(unit)),
        fc.constantFrom("\ud800", "\\", "u", "d", "8", '"', "\0"),
      ),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, text, text, (known, other, meta) => {
        const sent = { dimensions: { method: known, odd: other }, metadata: { m: meta } };
        submitter.submit({ metrics: [{ type: "auth_request", value: 1, ...sent }] });
        id += 1;
        const row = database.first(
          "SELECT dimensions, metadata FROM metrics WHERE id = CAST(? AS INTEGER)",
          id,
        );
        const wellFormed = { method: storableText(known), odd: storableText(other) };
        assert.equal(JSON.parse(String(row?.dimensions)), wellFormed);
        assert.equal(JSON.parse(String(row?.metadata)), { m: storableText(meta) });
        database.all("SELECT * FROM auth_metrics ORDER BY id DESC LIMIT 1");
      }),
      { numRuns: 300 },
    );
  });
});

test("timestamp is the instant in ISO 8601, for every millisecond from the year 1 to the year 9999", () => {
  within((database, submitter) => {
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
      last,
      last - 1,
      NOW_MS + 59_999,
    ];
    const random = fc.sample(fc.integer({ min: first, max: last }), 3000);
    const recent = fc.sample(fc.integer({ min: 1.6e12, max: 1.9e12 }), 3000);
    const instants = [...edges, ...random, ...recent];
    const submission = submitter.toSubmission({ metrics: [{ type: "custom", value: 1 }] });
    const measurements = instants.flatMap((timestampMs) =>
      submission.measurements.map((measurement) => ({ ...measurement, timestampMs })),
    );
    submitter.builder.add({ ...submission, measurements });
    submitter.store.commit(submitter.builder.take(), NOW_MS);
    const rows = database.all("SELECT timestamp FROM metrics ORDER BY id");
    assert.is(rows.length, instants.length);
    for (const [index, instant] of instants.entries()) {
      assert.is(rows[index]?.timestamp, new Date(instant).toISOString());
    }
  });
});

test("request_id and created_at follow from the request number", () => {
  within((database, submitter) => {
    const numbers = createRequestNumbers(() => NOW_MS + 999, 0);
    for (const { requestNumber, requestId } of [numbers(), numbers(), numbers()]) {
      submitter.submit({ metrics: [{ type: "custom", value: 1 }], requestNumber });
      const row = database.first("SELECT request_id, created_at FROM metrics ORDER BY id DESC LIMIT 1");
      assert.is(row?.request_id, requestId);
      assert.match(requestId, /^req_[0-9a-f]{16}$/);
      assert.is(row?.created_at, new Date(NOW_MS).toISOString());
    }
    submitter.submit({ metrics: [{ type: "custom", value: 1 }], requestNumber: FIRST_REQUEST + 2 ** 19 });
    const row = database.first("SELECT created_at FROM metrics ORDER BY id DESC LIMIT 1");
    assert.is(row?.created_at, new Date(NOW_MS + 1000).toISOString());
  });
});

test("a row keeps its sender: service, version, instance and key; what was not sent is NULL", () => {
  within((database, submitter) => {
    submitter.submit({ metrics: [{ type: "custom", value: 1 }], service: "a", apiKeyId: 7 });
    submitter.submit({
      metrics: [{ type: "custom", value: 1 }],
      service: "a",
      version: "1.2.3",
      apiKeyId: 8,
    });
    const rows = database.all(
      "SELECT service, service_version, instance_id, api_key_id FROM metrics ORDER BY id",
    );
    assert.equal(
      rows.map((row) => [row.service, row.service_version, row.instance_id, row.api_key_id]),
      [
        ["a", null, null, 7],
        ["a", "1.2.3", null, 8],
      ],
    );
  });
});

test("a duration of 0 is 0 and an absent one is NULL", () => {
  for (const [sent, stored] of [
    [0, 0],
    [undefined, null],
    [12.5, 12.5],
  ] as const) {
    assert.is(roundTrip("metrics", { type: "custom", duration_ms: sent }).duration_ms, stored);
  }
});

test.run();
