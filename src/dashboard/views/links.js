import { openView } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";
import { fixedRange } from "../state/time-range.ts";
/** The address of a subject's page, with the time and the filters as they are. */
export function linkTo(context, list) {
  return (subject) => formatHash(openView(context.state(), list, subject));
}
/** Show the time that was dragged over. */
export function zoomTo({ state, navigate }) {
  return (fromMs, toMs) => {
    const range = fixedRange(fromMs, toMs);
    if (range !== undefined) navigate({ ...state(), range });
  };
}
