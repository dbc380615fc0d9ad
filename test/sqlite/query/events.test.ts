import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { EventRow, EventsQuery } from "../../../src/store/queries.ts";
import { NOW_MS } from "../../support/time.ts";
import { within } from "../submitter.ts";
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
