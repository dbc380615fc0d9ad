import { element } from "../dom/element.ts";

/** The form that asks for a key. */
export interface SignIn {
  readonly element: HTMLElement;
  /** Puts the focus in the field. `problem` is shown below it and read aloud; empty for the first time. */
  prompt(problem: string): void;
}

/**
 * A password field, so that the key is not seen over a shoulder. The browser is asked not to save it, the
 * form is handled here and never submitted, and the key goes to the service and nowhere else.
 *
 * @param tryKey resolves to what is wrong with a key, or to undefined when the page has been opened with it
 */
export function createSignIn(tryKey: (key: string) => Promise<string | undefined>): SignIn {
  const input = element("input", {
    id: "key",
    type: "password",
    class: "field",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-help key-problem",
  });
  const problem = element("p", { id: "key-problem", class: "problem", role: "alert" });
  const submit = element("button", { type: "submit", class: "button primary" }, "Sign in");
  const form = element(
    "form",
    { class: "sign-in" },
    element("span", { class: "brand-mark", "aria-hidden": "true" }),
    element("h1", {}, "Sign in to mcp-metrics"),
    element("p", { class: "hint" }, "Everything this service was sent, at a glance."),
    element("label", { for: "key" }, "API key"),
    input,
    problem,
    submit,
    element(
      "p",
      { id: "key-help", class: "hint" },
      "A reader key sees every service, a writer key its own. It stays in this tab. Make one with ",
      element("code", {}, "npm run -s mcp-metrics keys create me -- --role reader"),
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (key === "") return;
    submit.disabled = true;
    problem.textContent = "";
    const found = await tryKey(key);
    submit.disabled = false;
    if (found === undefined) {
      input.value = "";
      return;
    }
    problem.textContent = found;
    input.select();
    input.focus();
  });
  return {
    element: form,
    prompt(text) {
      problem.textContent = text;
      input.focus();
    },
  };
}
