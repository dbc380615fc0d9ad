import { type PageFailure, readFailure } from "../api/failure.ts";
import { element } from "../dom/element.ts";
import { formatSeconds } from "../format/time.ts";
import { createEventTable } from "../parts/event-table.ts";
import { createSelect, type SelectOption } from "../parts/select.ts";
import { readEventsPage, type ShownEvents, toEventListRequest } from "../query/events.ts";
import type { MetricTypes } from "../query/metric-types.ts";
import { type QueryScope, scopeOf } from "../query/scope.ts";
import { createTail } from "./tail.ts";
import type { View, ViewContext } from "./view.ts";

/** Events asked for at a time. */
const PAGE_EVENTS = 100;
/** Events in the table at most: a tail that runs for hours must not fill the browser's memory. */
const ROWS_MAX = 500;

/**
 * Single metrics, newest first. While the range ends now, new ones are put on top as they come; older ones
 * are appended on demand. It is no panel: it grows at both ends, where a panel replaces what it shows.
 */
export function createEvents(context: ViewContext): View {
  const { clock, state, metricTypes } = context;
  const table = createEventTable("Events, newest first", ROWS_MAX);
  const choices = createChoices(context);
  const tail = createTail({
    clock,
    canRun: () => state().range.kind === "last",
    readNewer: addNewer,
    onFailure,
  });
  const frame = eventsFrame(table.element, [...choices.elements, tail.element], addOlder);
  let asking = new AbortController();
  /** What the table shows: the question, and the page it can be continued after. */
  let loaded: { readonly scope: QueryScope; readonly page: ShownEvents } | undefined;

  const read = (scope: QueryScope, signal: AbortSignal, pageToken?: string) =>
    readEventsPage(
      context.api.query.listEvents,
      toEventListRequest(scope, state(), PAGE_EVENTS),
      signal,
      pageToken,
    );

  /** Shows the table or that it is empty, and whether there is anything older to ask for. */
  function settle(text: string): void {
    const hasOlder = Boolean(loaded?.page.olderToken) && table.size < ROWS_MAX;
    if (table.size === 0) frame.say("empty", text, "Nothing was submitted in this time.");
    else frame.say("ready", text);
    frame.older.hidden = !hasOlder;
  }

  /** A failure leaves the events in place: the next poll, or the next click, tries again. */
  function onFailure(error: unknown): void {
    frame.status.textContent = `Waiting for the service: ${readFailure(error).text}`;
  }

  /** The newest events, of which the table adds those that it does not have yet. */
  async function addNewer(): Promise<void> {
    const { signal } = asking;
    const { events } = await read(scopeOf(state(), clock.nowMs()), signal);
    if (signal.aborted) return;
    const added = table.addNewer(events);
    if (added > 0) settle(`${added} new at ${formatSeconds(clock.nowMs())}`);
  }

  /**
   * The events after the last page, in the same time: the scope is that of the first page, while "now" moves
   * on.
   */
  async function addOlder(): Promise<void> {
    const { signal } = asking;
    if (loaded === undefined) return;
    const { scope, page } = loaded;
    try {
      const next = await read(scope, signal, page.olderToken);
      if (signal.aborted) return;
      loaded = { scope, page: next };
      table.addOlder(next.events);
      settle(`${table.size} events`);
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    }
  }

  /** Asks anew, and starts the tail once there is something to continue. */
  async function load(): Promise<readonly PageFailure[]> {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    tail.stop();
    // Beside the events, which do not wait for it; asks nothing when the types are known from the sign-in.
    void metricTypes.load().then(choices.show);
    try {
      const scope = scopeOf(state(), clock.nowMs());
      const page = await read(scope, signal);
      if (signal.aborted) return [];
      // The same question again only adds what is new, so that rows stay open and the scroll position stays.
      if (loaded?.scope.key === scope.key) table.addNewer(page.events);
      else {
        loaded = { scope, page };
        table.show(page.events);
      }
      settle(`Newest first, as of ${formatSeconds(clock.nowMs())}`);
      tail.start();
      return [];
    } catch (error) {
      const failure = readFailure(error);
      if (signal.aborted || failure.kind === "cancelled") return [];
      if (table.size === 0) frame.say("failed", "", `No answer: ${failure.text}.`);
      else onFailure(error);
      return [failure];
    }
  }

  function close(): void {
    asking.abort();
    tail.stop();
  }
  return { element: element("div", { class: "board" }, frame.root), load, recolor: () => {}, close };
}

/** The elements around the table: status line, selects, and the button for older events. */
function eventsFrame(table: HTMLElement, actions: readonly HTMLElement[], addOlder: () => void) {
  const message = element("div", { class: "panel-message" });
  const status = element("p", { class: "hint", role: "status" });
  const attributes = { type: "button", class: "button", hidden: true, onclick: addOlder };
  const older = element("button", attributes, "Show older");
  const root = element(
    "section",
    { class: "panel columns-12", "data-state": "loading", "aria-label": "Events" },
    element(
      "header",
      { class: "panel-head" },
      status,
      element("div", { class: "panel-actions" }, ...actions),
    ),
    element("div", { class: "panel-body" }, table, message),
    element("footer", { class: "panel-foot" }, older),
  );
  return {
    root,
    status,
    older,
    say(panelState: "ready" | "empty" | "failed", statusText: string, text = ""): void {
      root.dataset.state = panelState;
      status.textContent = statusText;
      message.textContent = text;
    },
  };
}

/** The selects above the table: which metric type, and which outcome. */
function createChoices({ state, navigate, metricTypes }: ViewContext) {
  const types = createSelect<string>("Metric type", [], (type) =>
    navigate({ ...state(), metricType: type || undefined }),
  );
  const outcomes = createSelect<"" | "success" | "failure">(
    "Outcome",
    [
      ["", "Any outcome"],
      ["success", "Success"],
      ["failure", "Failure"],
    ],
    (outcome) => navigate({ ...state(), outcome: outcome || undefined }),
  );
  // Without it "All types" would look like a service that knows no more.
  const note = element("p", { class: "hint", role: "status" });
  return {
    elements: [note, types.element, outcomes.element],
    show() {
      note.textContent =
        metricTypes.failure === undefined
          ? ""
          : `The list of types could not be read: ${metricTypes.failure}`;
      types.offer(typeOptions(metricTypes, state().metricType));
      types.show(state().metricType ?? "");
      outcomes.show(state().outcome ?? "");
    },
  };
}

/** Every type of the catalogue; and the one that the address names, should the catalogue not have it. */
function typeOptions({ known }: MetricTypes, chosen: string | undefined): readonly SelectOption<string>[] {
  const names = new Set(known.map(({ name }) => name));
  if (chosen !== undefined) names.add(chosen);
  return [["", "All types"], ...[...names].map((name) => [name, name] as const)];
}
