import type { PageFailure } from "../api/failure.ts";
import type { PageState } from "../state/page-state.ts";
import { formatHash, parseHash } from "../state/page-url.ts";
import type { View, ViewContext } from "../views/view.ts";
import { createView } from "../views/views.ts";
import { createFrame } from "./frame.ts";

export interface PageOptions
  extends Pick<ViewContext, "api" | "answers" | "clock" | "identity" | "metricTypes"> {
  /** Below the navigation. */
  readonly foot: readonly HTMLElement[];
  /** The key is not taken any more. */
  readonly onSignedOut: (why: string) => void;
}

export interface DashboardPage {
  readonly element: HTMLElement;
  /** Show what the address says. */
  show(): void;
  recolor(): void;
  close(): void;
}

/** The page of somebody who has signed in: the frame, and in it the view that the address names. */
export function createPage({ foot, onSignedOut, ...deps }: PageOptions): DashboardPage {
  let state = parseHash(location.hash);
  let view: View | undefined;
  let loads = 0;

  const navigate = (wanted: PageState) => {
    location.hash = formatHash(wanted);
  };
  const refresh = () => void load();
  const context: ViewContext = { ...deps, retry: refresh, state: () => state, navigate };
  const frame = createFrame(context, foot);

  async function load(): Promise<void> {
    loads += 1;
    const number = loads;
    const failures = (await view?.load(state)) ?? [];
    if (number === loads) settle(failures);
  }

  function settle(failures: readonly PageFailure[]): void {
    const signedOut = failures.find(({ kind }) => kind === "signed-out");
    if (signedOut !== undefined) onSignedOut(signedOut.text);
    else frame.settle(failures.find(({ kind }) => kind === "unreachable"));
  }

  function show(): void {
    const before = state;
    state = parseHash(location.hash);
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
