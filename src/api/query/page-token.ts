import { hash } from "node:crypto";
import type { Principal } from "../../access/call.ts";
import { isRecord } from "../../lib/json.ts";
import type { TimeRange } from "../../store/queries.ts";
import { PAGE_SIZE, pageSizeProblem } from "../page.ts";
import type { QueryViolations } from "./violations.ts";

/** Where a list goes on. `range` is that of the first page, whose end may have been "now". */
export interface QueryPage<Position> {
  /** Of every page alike. */
  readonly range: TimeRange;
  /** Of the last row of the page before. */
  readonly position: Position;
}

/** @param request everything that must be the same for every page; tokens of others are refused. */
export function writePageToken(request: unknown, principal: Principal, page: QueryPage<unknown>): string {
  return Buffer.from(JSON.stringify({ of: digest(request, principal), ...page })).toString("base64url");
}

/** Undefined for the first page, and for a token that is not for this request, which is noted. */
export function readPageToken<Position>(
  token: string,
  request: unknown,
  principal: Principal,
  isPosition: (value: unknown) => value is Position,
  violations: QueryViolations,
): QueryPage<Position> | undefined {
  if (token === "") return undefined;
  const found = parse(token);
  const range = isRecord(found) ? found.range : undefined;
  const isRange = isRecord(range) && Number.isSafeInteger(range.startMs) && Number.isSafeInteger(range.endMs);
  if (!isRecord(found) || !isRange || !isPosition(found.position)) {
    violations.add("page_token", "invalid", "is not one of ours");
    return undefined;
  }
  if (found.of !== digest(request, principal)) {
    violations.add("page_token", "mismatch", "belongs to a request that differs in more than the page");
    return undefined;
  }
  return { range: range as unknown as TimeRange, position: found.position };
}

/** Rows of a page; one out of range is noted. */
export function readPageSize(pageSize: number, violations: QueryViolations): number {
  const problem = pageSizeProblem(pageSize);
  if (problem !== undefined) violations.note(problem);
  return pageSize || PAGE_SIZE;
}

/** What a token belongs to: the request, and for a writer key its service, which bounds what it sees. */
function digest(request: unknown, { role, service }: Principal): string {
  return hash("sha256", JSON.stringify([role === "writer" ? service : null, request])).slice(0, 16);
}

/** Undefined for what is no token of any request. */
function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined;
  }
}
