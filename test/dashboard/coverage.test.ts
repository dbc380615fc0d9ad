import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TimeRangeSchema } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { coveredSeconds, describeCoverage } from "../../src/dashboard/query/coverage.ts";
import { scopeOf } from "../../src/dashboard/query/scope.ts";
import { DEFAULT_STATE } from "../../src/dashboard/state/page-state.ts";
import { HOUR_MS } from "../../src/lib/time.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 11, 30);
const scope = scopeOf(DEFAULT_STATE, NOW_MS);
const range = (startMs: number, endMs: number) =>
  create(TimeRangeSchema, { start: timestampFromMs(startMs), end: timestampFromMs(endMs) });

test("an answer about more than was asked says about what", () => {
  const hours = range(NOW_MS - 1.5 * HOUR_MS, NOW_MS + HOUR_MS / 2);
  assert.match(describeCoverage(hours, scope) ?? "", /^Counted in whole hours or days: .*\d\d:\d\d – now\.$/);
});

test("an answer about what was asked says nothing, also where it is rounded to steps", () => {
  assert.is(describeCoverage(range(NOW_MS - HOUR_MS, NOW_MS), scope), undefined);
  assert.is(describeCoverage(range(NOW_MS - HOUR_MS - 30_000, NOW_MS + 30_000), scope), undefined);
  assert.is(describeCoverage(undefined, scope), undefined);
});

test("time that has not passed yet does not thin a rate", () => {
  assert.is(coveredSeconds(range(NOW_MS - HOUR_MS, NOW_MS + HOUR_MS), NOW_MS), 3600);
  assert.is(coveredSeconds(range(NOW_MS - HOUR_MS, NOW_MS - HOUR_MS / 2), NOW_MS), 1800);
});

test.run();
