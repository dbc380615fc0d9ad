import { element } from "../dom/element.ts";
import { eventRows, eventsHead } from "./event-row.ts";
/** A table of events, newest first; beyond `max` the oldest leave it. */
export function createEventTable(caption, max) {
  const body = element("tbody");
  const title = element("caption", { class: "visually-hidden" }, caption);
  const table = element("table", { class: "events" }, title, eventsHead(), body);
  /** By id, in the order they stand. */
  let shown = [];
  const make = (events) => {
    const known = new Set(shown.map(({ id }) => id));
    return events
      .filter(({ id }) => !known.has(id))
      .map((event) => ({ id: event.id, rows: eventRows(event) }));
  };
  const rowsOf = (made) => made.flatMap(({ rows }) => rows);
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
