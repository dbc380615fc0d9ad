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
import { createSession, type Identity } from "./api/session.ts";
import { browserClock } from "./clock.ts";
import { element } from "./dom/element.ts";
import { followSystemTheme } from "./dom/theme.ts";
import { createAccount } from "./frame/account.ts";
import { createPage, type DashboardPage } from "./frame/page.ts";
import { createMetricTypes } from "./query/metric-types.ts";
import { reachable, seesOneServer } from "./state/access.ts";
import { parseHash } from "./state/page-url.ts";
import { createSignIn, type SignInChoice } from "./views/sign-in.ts";

/** Milliseconds until a service that was not there when the page was opened is asked again. */
const RETRY_MS = 2000;

const root = document.body;
// The page's own address without its last segment: the service may stand below a path of a proxy.
const baseUrl = new URL(".", location.href).href;
const session = createSession(baseUrl);
const api = createApi(baseUrl, () => session.key);
const answers = createAnswerCache();
let page: DashboardPage | undefined;
let account: ReturnType<typeof createAccount> | undefined;

/**
 * The form in the place of the page.
 *
 * @param problem a sentence above it; empty where somebody just wants to sign in
 * @param onCancel goes back to what was shown before; undefined where there is nothing
 */
function askForKey(problem: string, onCancel?: () => void): void {
  document.title = "Sign in · mcp-metrics";
  const signIn = createSignIn(tryKey, onCancel);
  root.replaceChildren(element("main", { class: "sign-in-page" }, signIn.element));
  signIn.prompt(problem);
}

/**
 * Back to the sign-in form, with nothing left of the session.
 *
 * @param why the service's reason for rejecting the key; empty when somebody chose to sign out
 */
async function signOut(why = ""): Promise<void> {
  closePage();
  let problem = why === "" ? "" : `Signed out: ${why}.`;
  try {
    await session.end();
  } catch (error) {
    // The cookie cannot be removed without the service: whoever walks away from the browser must know.
    problem = `This browser may still be signed in: ${readFailure(error).text}.`;
  }
  askForKey(problem);
}

function closePage(): void {
  answers.clear();
  page?.close();
  page = undefined;
}

/**
 * Signs in with a key that was typed. Resolves to a sentence that says what is wrong with it, or to undefined
 * when it works. What was in use before stays in use until then.
 */
async function tryKey({ key, stays }: SignInChoice): Promise<string | undefined> {
  const before = session.key;
  session.use(key);
  try {
    const identity = await session.identify();
    if (stays) await session.stay();
    closePage();
    await open(identity);
    return undefined;
  } catch (error) {
    session.use(before);
    const { kind, text } = readFailure(error);
    return kind === "signed-out" ? `This key is not accepted: ${text}.` : `${text}.`;
  }
}

/** Shows the page of somebody who may see it. */
async function open(identity: Identity): Promise<void> {
  const metricTypes = createMetricTypes(api);
  // After the key is known to be good: a wrong one must not count as two failed authentications.
  if (!seesOneServer(identity)) await metricTypes.load();
  const changeKey = () => askForKey("", page && back);
  const isAnonymous = identity.role === "anonymous";
  account = createAccount(recolor, isAnonymous ? { signIn: changeKey } : { signOut: () => void signOut() });
  const onSignedOut = (why: string) => void (isAnonymous ? askForKey(why) : signOut(why));
  const options = { api, answers, clock: browserClock, identity, metricTypes, foot: account.elements };
  page = createPage({ ...options, changeKey, onSignedOut });
  back();
}

/** Shows the page that is there. */
function back(): void {
  if (page === undefined) return;
  root.replaceChildren(page.element);
  page.show();
}

/** Draws charts and icons in the colours of the theme that is on now. */
function recolor(): void {
  account?.recolor();
  page?.recolor();
}

/**
 * After a load: goes on with the browser's session, shows a public server's figures to everybody, or asks for
 * a key. A service that cannot be reached, as during its restart, is waited for: the session may well be good.
 */
async function resume(): Promise<void> {
  try {
    const identity = await session.identify();
    const state = reachable(identity, parseHash(location.hash));
    if (state === undefined) return askForKey("");
    if (identity.role === "anonymous" && !(await isPublic(state.subject ?? ""))) {
      return askForKey(
        "What this server reports is not public. Its own key shows it, and reader and admin keys.",
      );
    }
    await open(identity);
  } catch (error) {
    const { kind, text } = readFailure(error);
    // A session that is not taken is ended; only for the service it is worth to wait.
    if (kind === "signed-out") return signOut(text);
    const message = element("p", { role: "alert" }, `No connection: ${text}. Trying again…`);
    root.replaceChildren(element("main", { class: "sign-in-page" }, message));
    browserClock.after(RETRY_MS, resume);
  }
}

/** Whether a server's figures are for everybody. @throws {ConnectError} where that cannot be found out now */
async function isPublic(serverId: string): Promise<boolean> {
  try {
    await api.directory.fetchMetrics({ serverId, period: "1h", metrics: ["uptime"] });
    return true;
  } catch (error) {
    if (readFailure(error).kind === "signed-out") return false;
    throw error;
  }
}

followSystemTheme(recolor);
// Without a page, the form is shown: the new address may be one that needs no key.
addEventListener("hashchange", () => (page === undefined ? void resume() : page.show()));
void resume();
