import { create } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  EventSchema,
  FilterOperator,
  ListEventsResponseSchema,
} from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { createAnswerCache } from "../../src/dashboard/api/answer-cache.ts";
import { salientFields } from "../../src/dashboard/format/event.ts";
import { type ListEventsCall, readEventsPage, toEventListRequest } from "../../src/dashboard/query/events.ts";
import { scopeOf } from "../../src/dashboard/query/scope.ts";
import { DEFAULT_STATE } from "../../src/dashboard/state/page-state.ts";

const scope = scopeOf({ ...DEFAULT_STATE, filters: { server: "github" } }, Date.UTC(2026, 0, 1));
const { signal } = new AbortController();
const string = (value: string) => ({ kind: { case: "stringValue", value } });
const bool = (value: boolean) => ({ kind: { case: "boolValue", value } });

test("events are asked for with the page's filters, the type and the outcome", () => {
  const request = toEventListRequest(scope, { metricType: "auth_request", outcome: "failure" }, 50);
  assert.equal([request.types, request.pageSize], [["auth_request"], 50]);
  assert.equal(request.filters, [
    { dimension: "server", operator: FilterOperator.EQUALS, values: ["github"] },
    { dimension: "success", operator: FilterOperator.EQUALS, values: ["false"] },
  ]);
});

/** Pages of the given sizes, one after the other. */
function pagesOf(...sizes: number[]) {
  const tokens: string[] = [];
  const list: ListEventsCall = async ({ pageToken }) => {
    tokens.push(pageToken);
    const at = Number(pageToken || 0);
    const events = Array.from({ length: sizes[at] ?? 0 }, (_, index) =>
      create(EventSchema, { id: BigInt(at * 100 + index) }),
    );
    const nextPageToken = at + 1 < sizes.length ? String(at + 1) : "";
    return create(ListEventsResponseSchema, { events, nextPageToken });
  };
  return { list, tokens };
}

const request = toEventListRequest(scope, DEFAULT_STATE, 3);

test("pages that filters leave little of are read on until one is full", async () => {
  const { list, tokens } = pagesOf(0, 1, 0, 2, 3);
  const { events, olderToken } = await readEventsPage(list, request, signal);
  assert.equal([events.length, olderToken, tokens], [3, "4", ["", "1", "2", "3"]]);
});

test("… but not without end, and it can be gone on from there", async () => {
  const { list, tokens } = pagesOf(...Array<number>(20).fill(0));
  assert.is((await readEventsPage(list, request, signal)).olderToken, "5");
  assert.is((await readEventsPage(list, request, signal, "5")).olderToken, "10");
  assert.is(tokens.length, 10);
});

test("a line says first why it failed and what was called, and leaves out what is not there", () => {
  const dimensions = {
    user_hash: string("u1"),
    method: string("tools/call"),
    success: bool(false),
    client_name: string(""),
    tool_name: string("sort"),
  };
  assert.equal(salientFields(dimensions, { error_code: string("timeout"), other: string("x") }), [
    ["error_code", "timeout"],
    ["tool_name", "sort"],
    ["method", "tools/call"],
    ["user_hash", "u1"],
  ]);
});

test("answers are kept up to a number, and those longest unused go first", () => {
  const answers = createAnswerCache(2);
  answers.store("a", 1, 10);
  answers.store("b", 2, 20);
  assert.equal(answers.find("a"), { value: 1, atMs: 10 });
  answers.store("c", 3, 30);
  assert.is(answers.find("b"), undefined);
  assert.equal(answers.find("a"), { value: 1, atMs: 10 });
  answers.clear();
  assert.is(answers.find("a"), undefined);
});

test.run();
