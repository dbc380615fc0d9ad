import type { RestMethods } from "../http/rest-handler.ts";
import type { RouteDocument } from "../http/route-document.ts";
import { findStaticFiles, pageRoutes } from "./static-files.ts";

/**
 * What `npm run generate` makes of src/dashboard. Committed, as all generated code: whatever starts the
 * service, from a checkout, an image or a package, finds the page without building it, and CI builds it
 * again and fails where the two differ.
 */
const FOLDER = new URL("../../../gen/dashboard/", import.meta.url);

const DOCUMENT: RouteDocument = {
  group: "The service",
  summary: "The dashboard",
  answers: {
    200: {
      description: "A page; it asks for a key itself.",
      schema: { type: "string" },
      contentType: "text/html; charset=utf-8",
    },
  },
};

/** Routes of the dashboard: a page that calls the RPCs like any other client. */
export function dashboardRoutes(): readonly (readonly [string, RestMethods])[] {
  return pageRoutes("/dashboard", DOCUMENT, findStaticFiles(FOLDER));
}
