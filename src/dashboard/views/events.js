import { readFailure } from "../api/failure.ts";
import { element } from "../dom/element.ts";
import { formatSeconds } from "../format/time.ts";
import { createEventTable } from "../parts/event-table.ts";
import { createSelect } from "../parts/select.ts";
import { readEvents, toEventsRequest } from "../query/events.ts";
import { scopeOf } from "../query/scope.ts";
import { createTail } from "./tail.ts";

const PAGE_EVENTS = 100;
/** A tail that runs for hours must not fill the browser's memory. */
const ROWS_MAX = 500;
/** The types that a gateway and a registry submit, as the catalogue names them. */
const TYPES = [
  "tool_execution",
  "auth_request",
  "tool_discovery",
  "protocol_latency",
  "health_check",
  "registry_operation",
  "custom",
];
/** Single metrics, newest first; while the time is the latest, new ones come in by themselves. */
export function createEvents(context) {
  const { clock, state } = context;
  const table = createEventTable("Events, newest first", ROWS_MAX);
  const message = element("div", { class: "panel-message" });
  const status = element("p", { class: "hint", role: "status" });
  const older = element("button", { type: "button", class: "button", hidden: true }, "Show older");
  const choices = createChoices(context);
  const tail = createTail({
    clock,
    canRun: () => state().range.kind === "last",
    ask: async () => {
      const { signal } = asking;
      const { events } = await read(scopeOf(state(), clock.nowMs()), signal);
      if (signal.aborted) return;
      const added = table.addNewer(events);
      if (added > 0) settle(`${added} new at ${formatSeconds(clock.nowMs())}`);
    },
    onFailure: (error) => {
      status.textContent = `Waiting for the service: ${readFailure(error).text}`;
    },
  });
  const root = element(
    "section",
    { class: "panel columns-12", "data-state": "loading", "aria-label": "Events" },
    element(
      "header",
      { class: "panel-head" },
      status,
      element("div", { class: "panel-actions" }, ...choices.elements, tail.element),
    ),
    element("div", { class: "panel-body" }, table.element, message),
    element("footer", { class: "panel-foot" }, older),
  );
  let asking = new AbortController();
  let loaded;
  const read = (scope, signal, pageToken) =>
    readEvents(context.api.query.listEvents, toEventsRequest(scope, state(), PAGE_EVENTS), signal, pageToken);
  function settle(text) {
    status.textContent = text;
    message.textContent = table.size === 0 ? "Nothing was submitted in this time." : "";
    root.dataset.state = table.size === 0 ? "empty" : "ready";
    older.hidden = !loaded?.page.olderToken || table.size >= ROWS_MAX;
  }
  older.addEventListener("click", async () => {
    if (loaded === undefined) return;
    const { scope, page } = loaded;
    try {
      loaded = { scope, page: await read(scope, asking.signal, page.olderToken) };
      table.addOlder(loaded.page.events);
      settle(`${table.size} events`);
    } catch (error) {
      if (!asking.signal.aborted) status.textContent = readFailure(error).text;
    }
  });
  async function load() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    tail.stop();
    choices.show();
    try {
      const scope = scopeOf(state(), clock.nowMs());
      const page = await read(scope, signal);
      if (signal.aborted) return [];
      loaded = { scope, page };
      table.show(page.events);
      settle(`Newest first, as of ${formatSeconds(clock.nowMs())}`);
      tail.start();
      return [];
    } catch (error) {
      const failure = readFailure(error);
      if (signal.aborted || failure.kind === "cancelled") return [];
      message.textContent = `No answer: ${failure.text}.`;
      status.textContent = "";
      root.dataset.state = table.size === 0 ? "failed" : "ready";
      return [failure];
    }
  }
  return {
    element: element("div", { class: "board" }, root),
    load,
    recolor: () => {},
    close() {
      asking.abort();
      tail.stop();
    },
  };
}
/** What kind of events, and how they ended. */
function createChoices({ state, navigate }) {
  const types = createSelect(
    "Metric type",
    [["", "All types"], ...TYPES.map((type) => [type, type])],
    (type) => navigate({ ...state(), eventType: type || undefined }),
  );
  const outcomes = createSelect(
    "Outcome",
    [
      ["", "Any outcome"],
      ["success", "Success"],
      ["failure", "Failure"],
    ],
    (outcome) => navigate({ ...state(), outcome: outcome || undefined }),
  );
  return {
    elements: [types.element, outcomes.element],
    show() {
      types.show(state().eventType ?? "");
      outcomes.show(state().outcome ?? "");
    },
  };
}
