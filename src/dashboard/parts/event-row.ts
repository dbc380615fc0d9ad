import type { Event } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { element, nameText } from "../dom/element.ts";
import { type FieldValue, fieldText, salientFields } from "../format/event.ts";
import { formatDuration, NOTHING } from "../format/numbers.ts";
import { formatInstant, formatMoment } from "../format/time.ts";

/** Titles, from left to right. */
const COLUMNS = ["Time", "Service", "Type", "Outcome", "Duration", "What"] as const;

/** The head of a table of events. */
export function eventsHead(): HTMLElement {
  const cells = COLUMNS.map((title) =>
    element("th", { scope: "col", class: title === "Duration" ? "number" : undefined }, title),
  );
  return element("thead", {}, element("tr", {}, ...cells));
}

/**
 * Two rows of a table: the event in one line, and below it all of its fields, hidden until the button in the
 * first cell is pressed. The details are built on the first press: most events are never opened.
 */
export function eventRows(event: Event): readonly [line: HTMLElement, details: HTMLElement] {
  const { service, type, durationMs, dimensions, metadata, success } = event;
  const atMs = Number(event.timestamp?.seconds ?? 0) * 1000 + (event.timestamp?.nanos ?? 0) / 1e6;
  const details = element("tr", { class: "event-details", hidden: true });
  const button = element(
    "button",
    { type: "button", class: "event-time", "aria-expanded": "false", title: formatInstant(atMs) },
    formatMoment(atMs),
  );
  button.addEventListener("click", () => {
    if (details.children.length === 0) {
      details.append(element("td", { colspan: COLUMNS.length }, describe(event)));
    }
    details.hidden = !details.hidden;
    button.setAttribute("aria-expanded", String(!details.hidden));
  });
  const outcome = success ? "success" : "failure";
  const line = element(
    "tr",
    { class: "event" },
    element("td", {}, button),
    element("td", {}, nameText(service)),
    element("td", {}, nameText(type)),
    element(
      "td",
      {},
      success === undefined ? NOTHING : element("span", { class: `mark ${outcome}` }, outcome),
    ),
    element("td", { class: "number" }, durationMs === undefined ? NOTHING : formatDuration(durationMs)),
    element("td", { class: "fields" }, ...fields(salientFields(dimensions, metadata))),
  );
  return [line, details];
}

/** Names and values, inline. */
function fields(shown: readonly (readonly [string, string])[]): HTMLElement[] {
  return shown.map(([name, text]) =>
    element("span", { class: "field-pair" }, element("span", { class: "field-name" }, name), nameText(text)),
  );
}

/** Everything that was submitted, in three lists. Nothing is rounded. */
function describe(event: Event): HTMLElement {
  const rows: [string, string][] = [
    ["request", event.requestId],
    ["value", String(event.value)],
    ["version", event.version],
    ["instance", event.instanceId],
  ];
  const list = (title: string, entries: readonly (readonly [string, string])[]) =>
    element(
      "div",
      {},
      element("h3", {}, title),
      element(
        "dl",
        {},
        ...entries.flatMap(([name, text]) => [term(name), element("dd", {}, nameText(text, ""))]),
      ),
    );
  return element(
    "div",
    { class: "event-all" },
    list(
      "Event",
      rows.filter(([, text]) => text !== ""),
    ),
    list("Dimensions", texts(event.dimensions)),
    list("Metadata", texts(event.metadata)),
  );
}

const term = (name: string) => element("dt", {}, element("bdi", {}, name));

const texts = (values: Readonly<Record<string, FieldValue>>) =>
  Object.entries(values).map(([name, value]) => [name, fieldText(value)] as const);
