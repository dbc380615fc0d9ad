import { openView, type SubjectList } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";
import { fixedRange } from "../state/time-range.ts";
import type { ViewContext } from "./view.ts";

/**
 * Makes addresses of a list's subjects. The state is read when a link is made, so that it has the time and
 * the filters of that moment.
 */
export function linkTo(context: ViewContext, list: SubjectList) {
  return (subject: string) => formatHash(openView(context.state(), list, subject));
}

/**
 * Makes the page show the time that was dragged over in a chart, as a fixed range. Selections that are no
 * range are ignored.
 */
export function zoomTo({ state, navigate }: ViewContext) {
  return (fromMs: number, toMs: number): void => {
    const range = fixedRange(fromMs, toMs);
    if (range !== undefined) navigate({ ...state(), range });
  };
}
