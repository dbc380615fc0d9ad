import { needsKey } from "../state/access.ts";
import { isSubjectList, type PageState } from "../state/page-state.ts";
import { createDirectoryList } from "./directory-list.ts";
import { createDirectoryServer } from "./directory-server.ts";
import { createEvents } from "./events.ts";
import { createKeyNeeded } from "./key-needed.ts";
import { createKeys } from "./keys.ts";
import { createOverview } from "./overview.ts";
import { createStorage } from "./storage.ts";
import { createSubjectList } from "./subject-list.ts";
import { createSubjectPage } from "./subject-page.ts";
import type { View, ViewContext } from "./view.ts";

/** The view of a state: a subject's page where it names a subject, else the list or view of that name. */
export function createView(context: ViewContext, { view, subject }: PageState): View {
  const { identity } = context;
  if (needsKey(view) && identity.role === "admin" && !identity.hasKey) return createKeyNeeded(context);
  if (isSubjectList(view)) {
    return subject === undefined ? createSubjectList(context, view) : createSubjectPage(context, view);
  }
  switch (view) {
    case "directory":
      return subject === undefined ? createDirectoryList(context) : createDirectoryServer(context, subject);
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
