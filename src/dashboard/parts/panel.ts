import type { AnswerCache } from "../api/answer-cache.ts";
import type { Api } from "../api/api.ts";
import { type PageFailure, readFailure } from "../api/failure.ts";
import type { PageClock } from "../clock.ts";
import { element } from "../dom/element.ts";
import { formatSeconds } from "../format/time.ts";
import type { QueryScope } from "../query/scope.ts";

export interface PanelOptions<Answer> {
  /** Names its answers among those kept; unique on the page. */
  readonly id: string;
  readonly title: string;
  /** One line below the title. */
  readonly hint?: string;
  /** Columns of twelve, where there is room. */
  readonly columns: 3 | 4 | 6 | 8 | 12;
  readonly body: HTMLElement;
  /** Beside the title. */
  readonly actions?: readonly HTMLElement[];
  readonly query: (api: Api, scope: QueryScope, signal: AbortSignal) => Promise<Answer>;
  readonly render: (answer: Answer, scope: QueryScope) => void;
  /** What the reader must know to understand the answer; undefined when there is nothing. */
  readonly remark?: (answer: Answer, scope: QueryScope) => string | undefined;
  readonly isEmpty: (answer: Answer) => boolean;
  readonly emptyText: string | ((scope: QueryScope) => string);
  readonly close?: () => void;
  readonly recolor?: () => void;
}

export interface Panel {
  readonly element: HTMLElement;
  /** Ask and show; resolves to what went wrong. Never rejects. */
  load(deps: PanelDeps, scope: QueryScope, signal: AbortSignal): Promise<PageFailure | undefined>;
  recolor(): void;
  close(): void;
}

export interface PanelDeps {
  readonly api: Api;
  readonly answers: AnswerCache;
  readonly clock: PageClock;
  /** Ask for everything again. */
  readonly retry: () => void;
}

type PanelState = "loading" | "ready" | "empty" | "failed";

/**
 * A titled part of a page that asks one thing. What it shows stays in place while it asks again, dimmed only
 * when it answers another question; what it could not renew is kept, and says from when it is.
 */
export function createPanel<Answer>(options: PanelOptions<Answer>): Panel {
  const frame = panelFrame(options);
  const { root } = frame;
  /** What it shows, and from when that is. */
  let shown: { readonly key: string; readonly atMs: number } | undefined;

  function show(answer: Answer, scope: QueryScope, atMs: number): void {
    shown = { key: scope.key, atMs };
    const isEmpty = options.isEmpty(answer);
    const { emptyText } = options;
    // Shown before it is drawn: a drawing needs to know its width.
    if (isEmpty) frame.say("empty", typeof emptyText === "string" ? emptyText : emptyText(scope));
    else frame.say("ready");
    frame.note("remark", options.remark?.(answer, scope) ?? "");
    options.render(answer, scope);
  }

  function fail({ text, kind }: PageFailure, scope: QueryScope, retry: () => void): void {
    const again = element("button", { type: "button", class: "link", onclick: retry }, "Try again");
    if (shown?.key === scope.key) {
      // What cannot be reached is asked again without being told to.
      const action = kind === "rejected" ? again : "";
      frame.note("stale", `Not renewed since ${formatSeconds(shown.atMs)}: ${text}. `, action);
    } else {
      shown = undefined;
      frame.say("failed", element("strong", {}, "No answer"), element("p", {}, `${text}.`), again);
    }
  }

  return {
    element: root,
    async load({ api, answers, clock, retry }, scope, signal) {
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
        fail(failure, scope, retry);
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

/** Title, body, and the two places where it says how it is. */
function panelFrame<Answer>({ id, title, hint, columns, actions = [], body }: PanelOptions<Answer>) {
  const titleId = `panel-${id}`;
  const message = element("div", { class: "panel-message" });
  const notice = element("div", { class: "panel-notice", role: "status", hidden: true });
  const root = element(
    "section",
    { class: `panel columns-${columns}`, "aria-labelledby": titleId, "data-state": "loading" },
    element(
      "header",
      { class: "panel-head" },
      element("h2", { id: titleId }, title),
      hint !== undefined && element("p", { class: "hint" }, hint),
      element("div", { class: "panel-actions" }, ...actions),
    ),
    element("div", { class: "panel-body" }, body, message),
    notice,
  );
  return {
    root,
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
