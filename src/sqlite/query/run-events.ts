import { findMetricType } from "../../catalogue/catalogue.ts";
import { dimensionText } from "../../catalogue/dimension-value.ts";
import { invalidField } from "../../errors.ts";
import { createSelector, type Selector } from "../../store/plan/selector.ts";
import type { EventsAnswer, EventsQuery } from "../../store/queries.ts";
import { asColumns, type Integers, readColumns } from "./columns.ts";
import { countFitting, readEvents } from "./event-rows.ts";
import type { RowPosition } from "./raw-rows.ts";
import type { QueryContext } from "./run-aggregate.ts";
import { readForeignSources } from "./seen-sources.ts";
import { newestId } from "./stored.ts";

/**
 * Rows looked at by one statement, and for one page: where filters leave few, a page may end before it is
 * full.
 */
const CHUNK_ROWS_MAX = 2_000;
const LOOKED_AT_MAX = 100_000;

const COLUMNS = ["id", "ts", "source_id", "dimension_set_id"];

/**
 * By time, then by id; two searches each, as SQLite would not use the index for the id of a pair. Each has
 * one bound at either side: of two it might take the wrong one for the index. `+id` is no bound but a filter.
 */
const OLDEST_FIRST = chunk("id > ?", "ts > ? AND ts < ?", "ASC");
const NEWEST_FIRST = chunk("id < ?", "ts < ? AND ts >= ?", "DESC");

function chunk(afterId: string, afterTime: string, direction: "ASC" | "DESC"): string {
  return `
    SELECT ${asColumns(COLUMNS)} FROM (
      SELECT * FROM (
        SELECT ${COLUMNS.join(", ")} FROM measurements WHERE ts = ? AND ${afterId} AND +id <= ?
        ORDER BY id ${direction} LIMIT CAST(? AS INTEGER)
      )
      UNION ALL
      SELECT * FROM (
        SELECT ${COLUMNS.join(", ")} FROM measurements WHERE ${afterTime} AND +id <= ?
        ORDER BY ts ${direction}, id ${direction} LIMIT CAST(? AS INTEGER)
      )
      LIMIT CAST(? AS INTEGER)
    )`;
}

/**
 * One page of measurements, in a snapshot. `lastId` bounds all pages to what was stored when the first was
 * read, so that new metrics never shift a page; `next` is undefined on the last.
 *
 * @throws {ServiceError} `deadline_exceeded`.
 */
export function runEvents(context: QueryContext, query: EventsQuery): EventsAnswer {
  const { database, dictionaries, budget } = context;
  const isNewestFirst = query.order === "newest first";
  const sql = isNewestFirst ? NEWEST_FIRST : OLDEST_FIRST;
  const farEndMs = isNewestFirst ? query.range.startMs : query.range.endMs;
  const newest = newestId(database);
  const lastId = query.moment === undefined ? newest : Math.min(readNumbers(query.moment, 1)[0] ?? 0, newest);
  const matches = createMatcher(query, context);
  const ids: number[] = [];
  const positions: RowPosition[] = [];
  let position = firstPosition(query);
  let isOver = false;
  // One row more than is wanted, to know whether there is one; all that may be once filters leave few.
  let chunkRows = Math.min(query.limit + 1, CHUNK_ROWS_MAX);
  for (let lookedAt = 0; ids.length < query.limit && lookedAt < LOOKED_AT_MAX && !isOver; ) {
    const { timestampMs, id } = position;
    const bounds = [timestampMs, id, lastId, chunkRows, timestampMs, farEndMs, lastId, chunkRows, chunkRows];
    const columns = readColumns(database.first(sql, ...bounds), COLUMNS.length) as Integers[];
    const [rowIds = [], timestampsMs = [], sourceIds = [], setIds = []] = columns;
    dictionaries.sources.load(sourceIds);
    dictionaries.dimensionSets.load(setIds);
    isOver = rowIds.length < chunkRows;
    chunkRows = CHUNK_ROWS_MAX;
    for (const [index, rowId] of rowIds.entries()) {
      if (ids.length === query.limit) {
        isOver = false;
        break;
      }
      position = { timestampMs: timestampsMs[index] ?? 0, id: rowId };
      if (!matches(sourceIds[index] ?? 0, setIds[index] ?? 0)) continue;
      ids.push(rowId);
      positions.push(position);
    }
    lookedAt += rowIds.length;
    budget.spend(rowIds.length);
  }
  const fitting = query.bytesMax === undefined ? ids.length : countFitting(context, ids, query.bytesMax);
  if (fitting < ids.length) {
    ids.length = fitting;
    position = positions[fitting - 1] ?? position;
    isOver = false;
  }
  const byId = new Map(readEvents(context, ids).map((event) => [event.id, event]));
  return {
    events: ids.flatMap((id) => byId.get(id) ?? []),
    next: isOver ? undefined : `${position.timestampMs} ${position.id}`,
    moment: String(lastId),
  };
}

/** Where the last page ended, or a place before the range where no row is; never out of the range. */
function firstPosition({ cursor, order, range: { startMs, endMs } }: EventsQuery): RowPosition {
  if (cursor !== undefined) {
    const [timestampMs = 0, id = 0] = readNumbers(cursor, 2);
    if (timestampMs >= startMs && timestampMs < endMs) return { timestampMs, id };
  }
  const isNewestFirst = order === "newest first";
  return {
    timestampMs: isNewestFirst ? endMs : startMs - 1,
    id: isNewestFirst ? 0 : Number.MAX_SAFE_INTEGER,
  };
}

/** What a position holds. It has been with a client: @throws {ServiceError} `validation_failed` for any other text. */
function readNumbers(position: string, count: number): readonly number[] {
  const numbers = position.split(" ").map(Number);
  if (numbers.length === count && numbers.every(Number.isSafeInteger)) return numbers;
  throw invalidField("page_token", "invalid", "page_token: is not one of ours");
}

/** Whether the query takes the measurements of a source with a dimension set. */
function createMatcher({ types, filters, seenBy }: EventsQuery, { database, dictionaries }: QueryContext) {
  const { sources, dimensionSets } = dictionaries;
  const foreign = seenBy === undefined ? undefined : readForeignSources(database, seenBy);
  const selectors = new Map(types.flatMap((name) => selectorOf(name, filters)));
  const known = new Map<number, Map<number, boolean>>();
  const match = (sourceId: number, setId: number): boolean => {
    const { type, sent } = dimensionSets.get(setId);
    const selector = selectors.get(type);
    const { service } = sources.get(sourceId);
    if (selector === undefined) return false;
    if (foreign !== undefined && service !== seenBy && !foreign.has(sourceId)) return false;
    const values = selector.dimensions.map((name) => dimensionText(selector.type, name, sent[name]));
    return selector.labelsOf(service, values) !== undefined;
  };
  return (sourceId: number, setId: number): boolean => {
    let bySource = known.get(setId);
    if (bySource === undefined) {
      bySource = new Map();
      known.set(setId, bySource);
    }
    const found = bySource.get(sourceId) ?? match(sourceId, setId);
    bySource.set(sourceId, found);
    return found;
  };
}

function selectorOf(name: string, filters: EventsQuery["filters"]): (readonly [string, Selector])[] {
  const type = findMetricType(name);
  const selector = type && createSelector(type, filters, []);
  return selector === undefined ? [] : [[name, selector]];
}
