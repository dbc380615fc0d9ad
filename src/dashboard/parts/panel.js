import { readFailure } from "../api/failure.ts";
import { element } from "../dom/element.ts";
import { formatSeconds } from "../format/time.ts";
/**
 * A titled part of a page that asks one thing. What it shows stays in place while it asks again, dimmed only
 * when it answers another question; what it could not renew is kept, and says from when it is.
 */
export function createPanel(options) {
  const titleId = `panel-${options.id}`;
  const message = element("div", { class: "panel-message" });
  const notice = element("div", { class: "panel-notice", role: "status", hidden: true });
  const root = element(
    "section",
    { class: `panel columns-${options.columns}`, "aria-labelledby": titleId, "data-state": "loading" },
    element(
      "header",
      { class: "panel-head" },
      element("h2", { id: titleId }, options.title),
      options.hint !== undefined && element("p", { class: "hint" }, options.hint),
      element("div", { class: "panel-actions" }, ...(options.actions ?? [])),
    ),
    element("div", { class: "panel-body" }, options.body, message),
    notice,
  );
  let shownKey;
  let shownAtMs = 0;
  function setState(state) {
    root.dataset.state = state;
    root.setAttribute("aria-busy", String(state === "loading"));
  }
  function show(answer, scope, atMs) {
    shownKey = scope.key;
    shownAtMs = atMs;
    const isEmpty = options.isEmpty(answer);
    const { emptyText } = options;
    message.textContent = !isEmpty ? "" : typeof emptyText === "string" ? emptyText : emptyText(scope);
    // Shown before it is drawn: a drawing needs to know its width.
    setState(isEmpty ? "empty" : "ready");
    options.render(answer, scope);
  }
  function fail({ text, kind }, scope, retry) {
    const again = element("button", { type: "button", class: "link", onclick: retry }, "Try again");
    if (shownKey === scope.key) {
      const since = `Not renewed since ${formatSeconds(shownAtMs)}: ${text}. `;
      notice.replaceChildren(since, kind === "refused" ? again : "");
      notice.hidden = false;
      return;
    }
    message.replaceChildren(element("strong", {}, "No answer"), element("p", {}, `${text}.`), again);
    setState("failed");
  }
  return {
    element: root,
    async load({ api, answers, clock, retry }, scope, signal) {
      const key = options.id + scope.key;
      const known = answers.find(key);
      if (known !== undefined && shownKey !== scope.key) show(known.value, scope, known.atMs);
      const isOther = shownKey !== scope.key;
      root.classList.toggle("is-superseded", isOther && shownKey !== undefined);
      if (isOther && shownKey === undefined) setState("loading");
      try {
        const answer = await options.ask(api, scope, signal);
        if (signal.aborted) return undefined;
        const nowMs = clock.nowMs();
        answers.keep(key, answer, nowMs);
        notice.hidden = true;
        show(answer, scope, nowMs);
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
