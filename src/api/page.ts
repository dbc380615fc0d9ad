import { invalidField } from "../errors.ts";

/** Rows of a page where the request does not say how many. */
export const PAGE_SIZE = 100;
/** Rows that one page may have. */
export const PAGE_SIZE_MAX = 1_000;

/** Which page of a list is asked for. */
export interface PageRequest {
  /** Rows; 0 means `PAGE_SIZE`. */
  readonly pageSize: number;
  /** Empty for the first page; otherwise what the page before named as the next one. */
  readonly pageToken: string;
}

/** A page of a list whose order is that of its rows' ids. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/** A page request that has been checked. */
export interface PageBounds {
  /** Rows, at least 1. */
  readonly limit: number;
  /** The id of the last row of the page before; undefined for the first page. */
  readonly lastId: number | undefined;
}

/** @throws {ServiceError} `validation_failed` for a size out of range and for a token that no page has named. */
export function readPage({ pageSize, pageToken }: PageRequest): PageBounds {
  if (!(pageSize >= 0 && pageSize <= PAGE_SIZE_MAX))
    throw invalidField("page_size", "invalid", `page_size is 0 to ${PAGE_SIZE_MAX}`);
  if (!/^\d{0,15}$/.test(pageToken))
    throw invalidField("page_token", "invalid", "page_token is not one of ours");
  return { limit: pageSize || PAGE_SIZE, lastId: pageToken === "" ? undefined : Number(pageToken) };
}

/** The page that `rows` begin with. They are one more than `limit` where there are so many: then more follow. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  idOf: (row: Row) => number | undefined,
): Page<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextPageToken: rows.length > limit && last !== undefined ? String(idOf(last)) : "" };
}
