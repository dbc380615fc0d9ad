/**
 * The dashboard: shows what QueryService answers, with nothing between.
 *
 *   address      state/page-url.ts     #/tools/search?range=6h → what to show
 *   view         views/                which panels that is
 *   scope        query/scope.ts        the time and the filters, as queries take them
 *   panels       panels/ on parts/     each asks one thing, all at the same time
 *   charts       charts/               drawn by uPlot, and readable as tables
 */
import { createAnswerCache } from "./api/answer-cache.ts";
import { createApi } from "./api/api.ts";
import { readFailure } from "./api/failure.ts";
import { createSession } from "./api/session.ts";
import { browserClock } from "./clock.ts";
import { element } from "./dom/element.ts";
import { followSystemTheme } from "./dom/theme.ts";
import { createAccount } from "./frame/account.ts";
import { createPage, type DashboardPage } from "./frame/page.ts";
import { createMetricTypes } from "./query/metric-types.ts";
import { createSignIn } from "./views/sign-in.ts";
import type { Identity } from "./views/view.ts";

/** Milliseconds until a service that was not there when the page was opened is asked again. */
const RETRY_MS = 2000;

const root = document.body;
const session = createSession(tabStorage());
// The page's own address without its last segment: the service may stand below a path of a proxy.
const api = createApi(new URL(".", location.href).href, () => session.key);
const answers = createAnswerCache();
let page: DashboardPage | undefined;
let account: ReturnType<typeof createAccount> | undefined;

/** Reading `sessionStorage` throws where the browser's settings forbid a site to store anything. */
function tabStorage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

/**
 * Whose key it is: RateLimitStatus takes writer, reader and admin keys and costs none of their tokens. A role
 * that this page does not know gets the views of the least one.
 */
async function identify(): Promise<Identity> {
  const { service, role } = await api.metrics.rateLimitStatus({});
  return { service, role: role === "admin" || role === "reader" ? role : "writer" };
}

/**
 * Back to the sign-in form, with nothing left of the session.
 *
 * @param why the service's reason for rejecting the key; empty when somebody chose to sign out
 */
function signOut(why = ""): void {
  session.close();
  answers.clear();
  page?.close();
  page = undefined;
  document.title = "Sign in · mcp-metrics";
  const signIn = createSignIn(tryKey);
  root.replaceChildren(element("main", { class: "sign-in-page" }, signIn.element));
  signIn.prompt(why === "" ? "" : `Signed out: ${why}.`);
}

/**
 * Signs in with a key that was typed. Resolves to a sentence that says what is wrong with it, or to undefined
 * when it works.
 */
async function tryKey(key: string): Promise<string | undefined> {
  session.open(key);
  try {
    await open(await identify());
    return undefined;
  } catch (error) {
    session.close();
    const { kind, text } = readFailure(error);
    return kind === "signed-out" ? `This key is not accepted: ${text}.` : `${text}.`;
  }
}

/** Shows the page of somebody whose key was accepted. */
async function open(identity: Identity): Promise<void> {
  const metricTypes = createMetricTypes(api);
  // After the key is known to be good: a wrong one must not count as two failed authentications.
  await metricTypes.load();
  account = createAccount(recolor, () => signOut());
  const foot = account.elements;
  page = createPage({
    api,
    answers,
    clock: browserClock,
    identity,
    metricTypes,
    foot,
    onSignedOut: signOut,
  });
  root.replaceChildren(page.element);
  page.show();
}

/** Draws charts and icons in the colours of the theme that is on now. */
function recolor(): void {
  account?.recolor();
  page?.recolor();
}

/**
 * After a reload: goes on with the key that this tab has, or asks for one. A service that cannot be reached,
 * as during its restart, is waited for: the key may well be good.
 */
async function resume(): Promise<void> {
  if (session.key === undefined) return signOut();
  try {
    await open(await identify());
  } catch (error) {
    const { kind, text } = readFailure(error);
    // A key that is not taken is asked for again; only for the service it is worth to wait.
    if (kind !== "unreachable") return signOut(text);
    const message = element("p", { role: "alert" }, `No connection: ${text}. Trying again…`);
    root.replaceChildren(element("main", { class: "sign-in-page" }, message));
    browserClock.after(RETRY_MS, resume);
  }
}

followSystemTheme(recolor);
addEventListener("hashchange", () => page?.show());
void resume();
