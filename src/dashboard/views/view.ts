import type { PageFailure } from "../api/failure.ts";
import type { PanelDeps } from "../parts/panel.ts";
import type { MetricTypes } from "../query/metric-types.ts";
import type { PageState } from "../state/page-state.ts";

/** What is between the page's frame: made once for a view, loaded again for every state of it. */
export interface View {
  readonly element: HTMLElement;
  /** Show `state` as it is now. Resolves to what could not be had; never rejects. */
  load(state: PageState): Promise<readonly PageFailure[]>;
  /** The theme has changed. */
  recolor(): void;
  /** Ask no more, and let go of everything. */
  close(): void;
}

export interface ViewContext extends PanelDeps {
  readonly identity: Identity;
  readonly metricTypes: MetricTypes;
  /** The state that the page shows. */
  readonly state: () => PageState;
  /** Go to a state: the address follows, and with it the page. */
  readonly navigate: (state: PageState) => void;
}

/** Who has signed in. */
export interface Identity {
  readonly service: string;
  readonly role: "writer" | "reader" | "admin";
}
