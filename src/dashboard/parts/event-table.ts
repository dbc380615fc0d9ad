import type { Event } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element } from "../dom/element.ts";
import { eventRows, eventsHead } from "./event-row.ts";

/** A table of events, newest first. */
export interface EventTable {
  readonly element: HTMLElement;
  /** Events that are in the table. */
  readonly size: number;
  /** Replaces everything. */
  show(events: readonly Event[]): void;
  /**
   * Puts events on top that are not in the table yet, and drops as many at the bottom as exceed the size.
   * Rows that stay are not touched: what is open remains open. Returns how many were added.
   */
  addNewer(events: readonly Event[]): number;
  /** Appends events that are not in the table yet, up to its size. */
  addOlder(events: readonly Event[]): void;
}

/**
 * @param caption read aloud when the table is entered; not visible
 * @param max events at the most; beyond, the oldest leave the table
 */
export function createEventTable(caption: string, max: number): EventTable {
  const body = element("tbody");
  const title = element("caption", { class: "visually-hidden" }, caption);
  const table = element("table", { class: "events" }, title, eventsHead(), body);
  /** By id, in the order they stand. */
  let shown: readonly { readonly id: bigint; readonly rows: readonly HTMLElement[] }[] = [];

  const make = (events: readonly Event[]) => {
    const known = new Set(shown.map(({ id }) => id));
    return events
      .filter(({ id }) => !known.has(id))
      .map((event) => ({ id: event.id, rows: eventRows(event) }));
  };
  const rowsOf = (made: typeof shown) => made.flatMap(({ rows }) => rows);

  return {
    element: element("div", { class: "table-scroll" }, table),
    get size() {
      return shown.length;
    },
    show(events) {
      shown = [];
      shown = make(events);
      body.replaceChildren(...rowsOf(shown));
    },
    addNewer(events) {
      const fresh = make(events);
      for (const row of rowsOf(fresh)) row.classList.add("is-new");
      body.prepend(...rowsOf(fresh));
      for (const row of rowsOf(shown.slice(Math.max(0, max - fresh.length)))) row.remove();
      shown = [...fresh, ...shown].slice(0, max);
      return fresh.length;
    },
    addOlder(events) {
      const fresh = make(events).slice(0, Math.max(0, max - shown.length));
      body.append(...rowsOf(fresh));
      shown = [...shown, ...fresh];
    },
  };
}
