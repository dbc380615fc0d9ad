import { element } from "../dom/element.ts";

/** The form that asks for a key. */
export interface SignIn {
  readonly element: HTMLElement;
  /** Puts the focus in the field. `problem` is shown below it and read aloud; empty for the first time. */
  prompt(problem: string): void;
}

/** What was typed and chosen. */
export interface SignInChoice {
  readonly key: string;
  /** Whether this browser stays signed in. */
  readonly stays: boolean;
}

/**
 * A password field, so that the key is not seen over a shoulder. The browser is asked not to save it, the
 * form is handled here and never submitted, and the key goes to the service and nowhere else.
 *
 * @param tryKey resolves to what is wrong with a key, or to undefined when the page has been opened with it
 * @param onCancel called by a button beside the other; undefined: there is none
 */
export function createSignIn(
  tryKey: (choice: SignInChoice) => Promise<string | undefined>,
  onCancel: (() => void) | undefined,
): SignIn {
  const input = element("input", {
    id: "key",
    type: "password",
    class: "field",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-help key-problem",
  });
  const stays = element("input", { type: "checkbox", id: "stays" });
  const problem = element("p", { id: "key-problem", class: "problem", role: "alert" });
  const submit = element("button", { type: "submit", class: "button primary" }, "Sign in");
  const form = element(
    "form",
    { class: "sign-in" },
    element("span", { class: "brand-mark", "aria-hidden": "true" }),
    element("h1", {}, "Sign in to mcp-metrics"),
    element("label", { for: "key" }, "API key"),
    input,
    element("label", { class: "choice", for: "stays" }, stays, "Stay signed in on this browser for 30 days"),
    problem,
    submit,
    onCancel && element("button", { type: "button", class: "button", onclick: onCancel }, "Cancel"),
    help(),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (key === "") return;
    submit.disabled = true;
    problem.textContent = "";
    const found = await tryKey({ key, stays: stays.checked });
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

/** What keys there are, and what becomes of the one that is typed. */
function help(): HTMLElement {
  return element(
    "p",
    { id: "key-help", class: "hint" },
    "A reader key shows every service, a writer key its own, a server's key that server of the directory. ",
    "The page forgets the key when it is closed or reloaded; a browser that stays signed in keeps a cookie, not the ",
    "key, and may read metrics only. Make a key with ",
    element("code", {}, "npm run -s mcp-metrics keys create me -- --role reader"),
  );
}
