import { openView, type SubjectList } from "../state/page-state.ts";
import { formatHash } from "../state/page-url.ts";
import { fixedRange } from "../state/time-range.ts";
import type { ViewContext } from "./view.ts";

/** The address of a subject's page, with the time and the filters as they are. */
export function linkTo(context: ViewContext, list: SubjectList) {
  return (subject: string) => formatHash(openView(context.state(), list, subject));
}

/** Show the time that was dragged over. */
export function zoomTo({ state, navigate }: ViewContext) {
  return (fromMs: number, toMs: number): void => {
    const range = fixedRange(fromMs, toMs);
    if (range !== undefined) navigate({ ...state(), range });
  };
}
