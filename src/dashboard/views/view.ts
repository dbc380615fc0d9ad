import type { PageFailure } from "../api/failure.ts";
import type { Identity } from "../api/session.ts";
import type { PanelDeps } from "../parts/panel.ts";
import type { MetricTypes } from "../query/metric-types.ts";
import type { PageState } from "../state/page-state.ts";

/**
 * What is inside the page's frame: built once for a view or a subject, loaded again for each new state of it.
 */
export interface View {
  readonly element: HTMLElement;
  /**
   * Shows the state as it is now. Resolves to what could not be had, and never rejects; a newer load makes an
   * older one resolve early, with nothing.
   */
  load(state: PageState): Promise<readonly PageFailure[]>;
  /** Draws again in the colours of the theme that is on. */
  recolor(): void;
  /** Cancels its calls and releases timers and canvases. The view is not used afterwards. */
  close(): void;
}

/** What a view is built with. */
export interface ViewContext extends PanelDeps {
  /** Whose key it is: decides what is offered, never what is allowed, which the service does. */
  readonly identity: Identity;
  /** Known from the sign-in on, unless that call failed. */
  readonly metricTypes: MetricTypes;
  /** The state that the page shows. */
  readonly state: () => PageState;
  /**
   * Goes to a state: the address changes, and the page follows it. Views never show a state that no address
   * has.
   */
  readonly navigate: (state: PageState) => void;
}
