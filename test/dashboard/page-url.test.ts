import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  DEFAULT_STATE,
  FILTER_DIMENSIONS,
  ORDERS,
  type Order,
  OTHER_VIEWS,
  openView,
  type PageState,
  SUBJECTS,
  withFilter,
} from "../../src/dashboard/state/page-state.ts";
import { formatHash, parseHash } from "../../src/dashboard/state/page-url.ts";
import {
  DIRECTORY_PERIODS,
  type DirectoryPeriod,
  fixedRange,
  PRESETS,
  type Preset,
  type RangeChoice,
} from "../../src/dashboard/state/time-range.ts";

const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 60 })
  .filter((value) => value.isWellFormed());
const lists = [...(Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[]), "directory" as const];
const place = fc.oneof(
  fc.record({
    view: fc.constantFrom(...(Object.keys(OTHER_VIEWS) as (keyof typeof OTHER_VIEWS)[])),
    subject: fc.constant(undefined),
  }),
  fc.record({ view: fc.constantFrom(...lists), subject: fc.option(text, { nil: undefined }) }),
);
const range: fc.Arbitrary<RangeChoice> = fc.oneof(
  fc
    .constantFrom(...Object.keys(PRESETS))
    .map((preset) => ({ kind: "last" as const, preset: preset as Preset })),
  fc
    .tuple(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1, max: 1e10 }))
    .map(([fromMs, lengthMs]) => fixedRange(fromMs, fromMs + lengthMs) ?? DEFAULT_STATE.range),
);
const states: fc.Arbitrary<PageState> = fc
  .tuple(
    place,
    range,
    fc.dictionary(fc.constantFrom(...FILTER_DIMENSIONS), text),
    fc.record({
      metricType: fc.option(text, { nil: undefined }),
      outcome: fc.constantFrom("success" as const, "failure" as const, undefined),
      order: fc.constantFrom(...(Object.keys(ORDERS) as Order[])),
      period: fc.constantFrom(...(Object.keys(DIRECTORY_PERIODS) as DirectoryPeriod[])),
      autoRefresh: fc.boolean(),
      zone: fc.constantFrom("local" as const, "utc" as const),
    }),
  )
  .map(([where, when, filters, rest]) => ({ ...where, range: when, filters: { ...filters }, ...rest }));

test("an address says everything that the page shows", () => {
  fc.assert(
    fc.property(states, (state) => {
      assert.equal(parseHash(formatHash(state)), state);
    }),
  );
});

test("an address says nothing that is as usual", () => {
  assert.is(formatHash(DEFAULT_STATE), "#/");
  assert.is(formatHash({ ...DEFAULT_STATE, view: "tools", subject: "a/b?c" }), "#/tools/a%2Fb%3Fc");
  const narrowed = withFilter(
    { ...DEFAULT_STATE, range: { kind: "last", preset: "6h" } },
    "service",
    "mcpgw",
  );
  assert.is(formatHash(narrowed), "#/?range=6h&service=mcpgw");
});

const broken = [
  "",
  "#",
  "#main",
  "#/nowhere",
  "#/?range=2h&from=x&to=y&by=&refresh=maybe&outcome=so-so",
  "#/?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
  "#/?from=2026-01-01T00:00:00Z",
  `#/?service=${"x".repeat(401)}`,
  "#/events/of/nobody",
  "#/tools/%zz",
  "#/?__proto__=1&constructor=2",
];
for (const hash of broken) {
  test(`a broken address still shows what it can: ${hash.slice(0, 60)}`, () => {
    const state = parseHash(hash);
    assert.equal(state, { ...DEFAULT_STATE, view: state.view });
    assert.ok(["overview", "events", "tools"].includes(state.view));
  });
}

test("another view keeps the time and the filters, and nothing else", () => {
  const state = {
    ...DEFAULT_STATE,
    filters: { client: "cursor" },
    order: "p95" as const,
    outcome: "failure" as const,
  };
  assert.equal(openView(state, "tools", "sort"), {
    ...DEFAULT_STATE,
    filters: { client: "cursor" },
    view: "tools",
    subject: "sort",
  });
});

test("what the figures are of stays from a list to the pages that it leads to, and no further", () => {
  const state = { ...DEFAULT_STATE, metricType: "auth_request" };
  const typeFrom = (view: PageState["view"], to: PageState["view"]) =>
    openView({ ...state, view }, to, "github").metricType;
  assert.is(typeFrom("servers", "servers"), "auth_request");
  assert.is(typeFrom("servers", "tools"), "auth_request");
  for (const [from, to] of [
    ["events", "servers"],
    ["servers", "events"],
    ["overview", "tools"],
    ["directory", "services"],
  ] as const) {
    assert.is(typeFrom(from, to), undefined, `${from} to ${to}`);
  }
});

test("the zone stays on every page", () => {
  const state = { ...DEFAULT_STATE, zone: "utc" as const };
  for (const view of ["tools", "events", "directory", "keys"] as const) {
    assert.is(openView(state, view).zone, "utc");
    assert.match(formatHash(openView(state, view)), /[?&]zone=utc$/);
  }
  assert.is(parseHash("#/?zone=Europe/Berlin").zone, "local");
});

test("a filter that is taken away leaves no trace", () => {
  const set = withFilter(withFilter(DEFAULT_STATE, "server", "github"), "client", "cursor");
  assert.equal(withFilter(set, "server").filters, { client: "cursor" });
});

test.run();
