import type { AnswerCache } from "../api/answer-cache.ts";
import type { Api } from "../api/api.ts";
import { type PageFailure, readFailure } from "../api/failure.ts";
import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";
import { formatSeconds } from "../format/time.ts";
import type { QueryScope } from "../query/scope.ts";

/** A panel is made of one question and of what shows its answer. */
export interface PanelOptions<Answer> {
  /** Identifies the panel's answers in the cache and its title in the document; unique on the page. */
  readonly id: string;
  readonly title: string;
  /** Beside the title: what the figures are of. A function where that depends on the page. */
  readonly hint?: string | ((scope: QueryScope) => string);
  /** How many of twelve columns it takes on a wide screen; on a narrow one it takes all. */
  readonly columns: 3 | 4 | 6 | 8 | 12;
  /** Stays the same; `render` renews what is in it. */
  readonly body: HTMLElement;
  /** Buttons beside the title. */
  readonly actions?: readonly HTMLElement[];
  /** Asks the service. Must pass `signal` on, so that a call nobody waits for any more is cancelled. */
  readonly query: (api: Api, scope: QueryScope, signal: AbortSignal) => Promise<Answer>;
  /** Shows an answer. Called again for each one, and with an answer from the cache first. */
  readonly render: (answer: Answer, scope: QueryScope) => void;
  /**
   * A note below the body that is needed to understand the answer, as that it covers a longer time.
   * Undefined: none.
   */
  readonly remark?: (answer: Answer, scope: QueryScope) => string | undefined;
  /** Whether `emptyText` is shown in place of the body. */
  readonly isEmpty: (answer: Answer) => boolean;
  /** Says why there is nothing. A function where the reason depends on the filters. */
  readonly emptyText: string | ((scope: QueryScope) => string);
  /** Releases what the body has taken: observers, canvases. */
  readonly close?: () => void;
  /** Draws again in the colours of the theme that is on. */
  readonly recolor?: () => void;
}

/**
 * A part of a view. Panels fail one by one: what one cannot show does not keep the others from showing
 * theirs.
 */
export interface Panel {
  readonly element: HTMLElement;
  /**
   * Asks and shows. Resolves to what went wrong, or to undefined; never rejects. An aborted load changes
   * nothing that is shown.
   */
  load(deps: PanelDeps, scope: QueryScope, signal: AbortSignal): Promise<PageFailure | undefined>;
  recolor(): void;
  close(): void;
}

/** What all panels of a page share. */
export interface PanelDeps {
  readonly api: Api;
  readonly answers: AnswerCache;
  readonly clock: PageClock;
  /** Loads the whole page again: for the button "Try again" of a panel. */
  readonly retry: () => void;
  /** For what the key is not good for. */
  readonly access: {
    /** A sentence: whose keys may see the view that is shown. */
    readonly describe: () => string;
    /** Asks for another key. */
    readonly changeKey: () => void;
  };
}

/** In `data-state`, which the style sheet follows: it shows the body, or the message in its place. */
type PanelState = "loading" | "ready" | "empty" | "failed";

/**
 * A titled part of a page that asks one thing.
 *
 * While it asks again, what it shows stays in place; it is dimmed only when it answers another question than
 * the one that is asked. When an answer cannot be renewed, the old one stays and a notice says from when it
 * is. Only a panel that has nothing to show for the present question shows the failure itself.
 *
 * `aria-busy` is set while it has nothing, and notices are live regions, so that screen readers hear of both.
 */
export function createPanel<Answer>(options: PanelOptions<Answer>): Panel {
  const frame = panelFrame(options);
  const { root } = frame;
  /** Which question the body answers, and since when; undefined while it shows nothing. */
  let shown: { readonly key: string; readonly atMs: number } | undefined;

  function show(answer: Answer, scope: QueryScope, atMs: number): void {
    shown = { key: scope.key, atMs };
    const isEmpty = options.isEmpty(answer);
    const { emptyText, hint } = options;
    if (typeof hint === "function") frame.hint.textContent = hint(scope);
    // Shown before it is drawn: a drawing needs to know its width.
    if (isEmpty) frame.say("empty", typeof emptyText === "string" ? emptyText : emptyText(scope));
    else frame.say("ready");
    frame.note("remark", options.remark?.(answer, scope) ?? "");
    options.render(answer, scope);
  }

  function fail({ text, kind }: PageFailure, scope: QueryScope, { retry, access }: PanelDeps): void {
    if (kind === "forbidden") {
      shown = undefined;
      frame.say("failed", ...forbidden(text, access));
      return;
    }
    const again = element("button", { type: "button", class: "link", onclick: retry }, "Try again");
    if (shown?.key === scope.key) {
      // An unreachable service is asked again by the refresher: no button is needed.
      const action = kind === "rejected" ? again : "";
      frame.note("stale", `Not renewed since ${formatSeconds(shown.atMs)}: ${text}. `, action);
    } else {
      shown = undefined;
      frame.say("failed", element("strong", {}, "No answer"), element("p", {}, `${text}.`), again);
    }
  }

  return {
    element: root,
    async load(deps, scope, signal) {
      const { api, answers, clock } = deps;
      const key = options.id + scope.key;
      const known = answers.find(key);
      if (known !== undefined && shown?.key !== scope.key) show(known.value as Answer, scope, known.atMs);
      root.classList.toggle("is-superseded", shown !== undefined && shown.key !== scope.key);
      if (shown === undefined) frame.say("loading");
      try {
        const answer = await options.query(api, scope, signal);
        if (signal.aborted) return undefined;
        answers.store(key, answer, clock.nowMs());
        show(answer, scope, clock.nowMs());
      } catch (error) {
        const failure = readFailure(error);
        if (signal.aborted || failure.kind === "cancelled") return undefined;
        fail(failure, scope, deps);
        return failure;
      } finally {
        if (!signal.aborted) root.classList.remove("is-superseded");
      }
      return undefined;
    },
    recolor: () => options.recolor?.(),
    close: () => options.close?.(),
  };
}

/** What is wrong with the key, whose would do, and how to go on with one of those. */
export function forbidden(text: string, access: PanelDeps["access"]): HTMLElement[] {
  const change = { type: "button", class: "link", onclick: () => access.changeKey() };
  return [
    element("strong", {}, "Not for this key"),
    element("p", {}, `${text}. ${access.describe()}`),
    element("button", change, "Use another key"),
  ];
}

/** Title, body, and the two places where it says how it is. */
function panelFrame<Answer>({ id, title, hint, columns, actions = [], body }: PanelOptions<Answer>) {
  const titleId = `panel-${id}`;
  const beside = element("p", { class: "hint" }, typeof hint === "string" && hint);
  const message = element("div", { class: "panel-message" });
  const notice = element("div", { class: "panel-notice", role: "status", hidden: true });
  const root = element(
    "section",
    { class: `panel columns-${columns}`, "aria-labelledby": titleId, "data-state": "loading" },
    element(
      "header",
      { class: "panel-head" },
      element("h2", { id: titleId }, title),
      hint !== undefined && beside,
      element("div", { class: "panel-actions" }, ...actions),
    ),
    element("div", { class: "panel-body" }, body, message),
    notice,
  );
  return {
    root,
    hint: beside,
    say(state: PanelState, ...text: (string | HTMLElement)[]): void {
      message.replaceChildren(...text);
      root.dataset.state = state;
      root.setAttribute("aria-busy", String(state === "loading"));
    },
    note(kind: "remark" | "stale", ...text: (string | HTMLElement)[]): void {
      notice.replaceChildren(...text);
      notice.hidden = notice.textContent === "";
      notice.dataset.kind = kind;
    },
  };
}
