import { invalidField, type Violation, validationFailed } from "../errors.ts";

/** Rows of a page where the request does not say how many. */
export const PAGE_SIZE = 100;
/** Rows that one page may have. */
const PAGE_SIZE_MAX = 1_000;

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

/** Where a page begins, and how many rows of it are to be read. */
export interface PageBounds {
  /** The id of the last row of the page before; undefined for the first page. */
  readonly lastId: number | undefined;
  /** One more than the page has: whether there are so many tells whether more follow. */
  readonly limit: number;
}

/**
 * A page of a list. `read` gets as many rows of it as it is asked for, those behind `lastId` in the list's order.
 *
 * @throws {ServiceError} `validation_failed` for a size out of range and for a token that no page has named.
 */
export async function readPage<Row>(
  { pageSize, pageToken }: PageRequest,
  read: (bounds: PageBounds) => Promise<readonly Row[]>,
  idOf: (row: Row) => number | undefined,
): Promise<Page<Row>> {
  const problem = pageSizeProblem(pageSize);
  if (problem !== undefined) throw validationFailed([problem]);
  if (!/^\d{0,15}$/.test(pageToken))
    throw invalidField("page_token", "invalid", "page_token: is not one of ours");
  const size = pageSize || PAGE_SIZE;
  const found = await read({ lastId: pageToken === "" ? undefined : Number(pageToken), limit: size + 1 });
  const rows = found.slice(0, size);
  const last = rows.at(-1);
  return { rows, nextPageToken: found.length > size && last !== undefined ? String(idOf(last)) : "" };
}

/** What is wrong with the size of a page; undefined for a good one. */
export function pageSizeProblem(pageSize: number): Violation | undefined {
  if (Number.isInteger(pageSize) && pageSize >= 0 && pageSize <= PAGE_SIZE_MAX) return undefined;
  const message = `page_size: must be 0 to ${PAGE_SIZE_MAX}, not ${pageSize}`;
  return { field: "page_size", reason: "out_of_range", message };
}
