import { isSubjectList } from "../state/page-state.ts";
import { createEvents } from "./events.ts";
import { createKeys } from "./keys.ts";
import { createOverview } from "./overview.ts";
import { createStorage } from "./storage.ts";
import { createSubjectList } from "./subject-list.ts";
import { createSubjectPage } from "./subject-page.ts";
/** The view of a state. */
export function createView(context, { view, subject }) {
  if (isSubjectList(view)) {
    return subject === undefined ? createSubjectList(context, view) : createSubjectPage(context, view);
  }
  switch (view) {
    case "overview":
      return createOverview(context);
    case "events":
      return createEvents(context);
    case "keys":
      return createKeys(context);
    case "storage":
      return createStorage(context);
  }
}
