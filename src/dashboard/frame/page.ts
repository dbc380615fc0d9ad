import type { PageFailure } from "../api/failure.ts";
import { useZone } from "../format/zone.ts";
import { describeRoles, reachable, rolesOf } from "../state/access.ts";
import { DEFAULT_STATE, type PageState } from "../state/page-state.ts";
import { formatHash, parseHash } from "../state/page-url.ts";
import type { View, ViewContext } from "../views/view.ts";
import { createView } from "../views/views.ts";
import { createFrame } from "./frame.ts";

/** What the page of one sign-in is made of. */
export interface PageOptions
  extends Pick<ViewContext, "api" | "answers" | "clock" | "identity" | "metricTypes"> {
  /** Elements for the place below the navigation. */
  readonly foot: readonly HTMLElement[];
  /**
   * The service does not accept the key any more: it was revoked, or has expired. `why` is the service's
   * message.
   */
  readonly onSignedOut: (why: string) => void;
  /** Somebody wants to go on with another key. */
  readonly changeKey: () => void;
}

/** Everything that is seen after signing in. */
export interface DashboardPage {
  readonly element: HTMLElement;
  /**
   * Reads the address and shows what it says. Called for every change of the hash: links, the back button and
   * `navigate` all go this one way.
   */
  show(): void;
  /** Draws in the colours of a new theme. */
  recolor(): void;
  /** Cancels what is being asked and stops refreshing. */
  close(): void;
}

/**
 * The frame, and in it the view that the address names. A view is built anew when another view or subject is
 * shown; for another time, filter or order of the same one, the existing view loads again, which keeps
 * scrolling and focus where they are.
 */
export function createPage({ foot, onSignedOut, changeKey, ...deps }: PageOptions): DashboardPage {
  const asked = () => reachable(deps.identity, parseHash(location.hash));
  let state = asked() ?? DEFAULT_STATE;
  let view: View | undefined;
  let loads = 0;

  // The hash is the only state that decides what is shown: it is set here, read back in `show`.
  const navigate = (wanted: PageState) => {
    location.hash = formatHash(wanted);
  };
  const refresh = () => void load();
  const access = { describe: () => describeRoles(rolesOf(state.view)), changeKey };
  const context: ViewContext = { ...deps, access, retry: refresh, state: () => state, navigate };
  const frame = createFrame(context, foot);

  /**
   * Loads overlap when somebody clicks faster than the service answers: only the newest one settles the
   * frame.
   */
  async function load(): Promise<void> {
    loads += 1;
    const number = loads;
    const failures = (await view?.load(state)) ?? [];
    if (number === loads) settle(failures);
  }

  /**
   * A rejected key ends the session, whichever panel met it first. An unreachable service is shown once, in
   * the frame; all other failures have been shown by the panels that met them.
   */
  function settle(failures: readonly PageFailure[]): void {
    const signedOut = failures.find(({ kind }) => kind === "signed-out");
    if (signedOut !== undefined) onSignedOut(signedOut.text);
    else frame.settle(failures.find(({ kind }) => kind === "unreachable"));
  }

  function show(): void {
    const before = state;
    const wanted = asked();
    if (wanted === undefined) {
      onSignedOut("");
      return;
    }
    state = wanted;
    useZone(state.zone);
    frame.show(state);
    if (view === undefined || state.view !== before.view || state.subject !== before.subject) {
      const isFirst = view === undefined;
      view?.close();
      view = createView(context, state);
      frame.content.replaceChildren(view.element);
      scrollTo(0, 0);
      if (!isFirst) frame.focusHeading();
    }
    refresh();
  }

  return {
    element: frame.element,
    show,
    recolor: () => view?.recolor(),
    close() {
      loads += 1;
      frame.close();
      view?.close();
    },
  };
}
