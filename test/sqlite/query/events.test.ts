import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { EventRow, EventsQuery } from "../../../src/store/queries.ts";
import { type ModelMetric, select } from "../../store/aggregate-model.ts";
import { metric, query } from "../../store/arbitraries.ts";
import { FIRST_REQUEST } from "../../store/submissions.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";
import { createSubmitter, within } from "../submitter.ts";
import { events } from "./ask.ts";

const QUERY: EventsQuery = {
  types: ["auth_request", "tool_execution", "custom"],
  range: { startMs: 0, endMs: NOW_MS + 1 },
  filters: [],
  order: "newest first",
  cursor: undefined,
  moment: undefined,
  limit: 100,
};

/** Every page; `between` runs after each. */
function allPages(
  database: Database,
  asked: EventsQuery,
  between: () => void = () => {},
): readonly EventRow[] {
  const found: EventRow[] = [];
  let { cursor, moment } = asked;
  do {
    const page = events(database, { ...asked, cursor, moment });
    assert.ok(page.events.length <= asked.limit);
    found.push(...page.events);
    ({ next: cursor, moment } = page);
    between();
  } while (cursor !== undefined);
  return found;
}

function submitAll(database: Database, metrics: readonly ModelMetric[]): void {
  const submitter = createSubmitter(database);
  for (const { service, timestampMs, durationMs, dimensions, ...each } of metrics) {
    const duration = durationMs === undefined ? {} : { duration_ms: durationMs };
    const sent = {
      ...each,
      ...duration,
      timestamp: timestampMs,
      dimensions: JSON.parse(JSON.stringify(dimensions)),
    };
    submitter.submit({ service, metrics: [sent] });
  }
}

test("pages in both orders hold what was there at the first one, each metric once, while others arrive", () => {
  const metrics = fc.array(metric, { maxLength: 30 });
  const order = fc.constantFrom("newest first" as const, "oldest first" as const);
  const property = fc.property(
    metrics,
    metrics,
    query,
    order,
    fc.integer({ min: 1, max: 7 }),
    (first, later, drawn, order, limit) => {
      const database = openMigrated();
      try {
        submitAll(database, first);
        const asked = {
          ...QUERY,
          types: drawn.types,
          filters: drawn.filters,
          range: drawn.range,
          order,
          limit,
        };
        const waiting = [...later];
        const found = allPages(database, asked, () => submitAll(database, waiting.splice(0, 2)));
        const wanted = select(first, drawn, drawn.range).map((each) => ({
          id: first.indexOf(each) + 1,
          ...each,
        }));
        const sign = order === "newest first" ? -1 : 1;
        wanted.sort((a, b) => sign * (a.timestampMs - b.timestampMs || a.id - b.id));
        assert.equal(
          found.map(({ id, timestampMs, service, type, value, durationMs }) => [
            id,
            timestampMs,
            service,
            type,
            value,
            durationMs,
          ]),
          wanted.map(({ id, timestampMs, service, type, value, durationMs }) => [
            id,
            timestampMs,
            service,
            type,
            value,
            durationMs,
          ]),
        );
      } finally {
        database.close();
      }
    },
  );
  fc.assert(property, { numRuns: 40 });
});

test("thousands of metrics of one instant are paged by id", () => {
  within((database, submitter) => {
    const metrics = Array.from({ length: 5000 }, (_, value) => ({
      type: "custom",
      value,
      timestamp: NOW_MS,
    }));
    submitter.submit({ metrics });
    for (const order of ["newest first", "oldest first"] as const) {
      const values = allPages(database, { ...QUERY, order, limit: 999 }).map(({ value }) => value);
      const wanted = metrics.map(({ value }) => value);
      assert.equal(values, order === "oldest first" ? wanted : wanted.reverse());
    }
  });
});

test("an event is told as it was submitted, whatever its keys and values", () => {
  within((database, submitter) => {
    const metadata = JSON.parse('{"__proto__": {"a": [1, null]}, "n": 1e300, "s": "\\"ä\\u0000"}');
    const dimensions = JSON.parse(
      '{"server": "s", "__proto__": "p", "user_hash": "u", "none": null, "success": true}',
    );
    const metrics = [
      {
        type: "auth_request",
        value: 0.1 + 0.2,
        duration_ms: 1 / 3,
        timestamp: NOW_MS - 5,
        dimensions,
        metadata,
      },
    ];
    submitter.submit({ service: "gateway", version: "1.0.0", metrics });
    const [event] = events(database, QUERY).events;
    assert.ok(event);
    const { dimensions: foundDimensions, metadata: foundMetadata, ...rest } = event;
    assert.equal(rest, {
      id: 1,
      request: FIRST_REQUEST.toString(16).padStart(16, "0"),
      receivedMs: NOW_MS,
      service: "gateway",
      version: "1.0.0",
      instanceId: "",
      type: "auth_request",
      timestampMs: NOW_MS - 5,
      value: 0.1 + 0.2,
      durationMs: 1 / 3,
      count: 1,
    });
    const sorted = (value: object) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    assert.equal(sorted(JSON.parse(foundDimensions)), sorted(dimensions));
    assert.equal(sorted(JSON.parse(foundMetadata)), sorted(metadata));
  });
});

test("a page that looked at much and found little goes on from there", () => {
  within((database, submitter) => {
    const metrics = Array.from({ length: 50_000 }, (_, index) => ({
      type: "custom",
      value: 1,
      timestamp: NOW_MS - index,
    }));
    for (let batch = 0; batch < 3; batch += 1) submitter.submit({ metrics });
    submitter.submit({ metrics: [{ type: "auth_request", value: 7, timestamp: NOW_MS - 60_000 }] });
    const asked = { ...QUERY, types: ["auth_request"] };
    const first = events(database, asked);
    assert.equal([first.events.length, first.next === undefined], [0, false]);
    assert.equal(
      allPages(database, asked).map(({ value }) => value),
      [7],
    );
  });
});

test.run();
