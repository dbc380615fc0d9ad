import type { RouteName } from "../rest/route.ts";
import type { RouteDocument } from "../schema/route-document.ts";

const html = (description: string) => ({
  200: { description, schema: { type: "string" }, contentType: "text/html; charset=utf-8" },
});

/** What /openapi.json says of the pages; the files that they load are not listed. */
export const PAGE_DOCUMENTS = {
  "GET /dashboard": {
    group: "The service",
    summary: "The dashboard",
    answers: html("A page; it asks for a key itself."),
  },
  "GET /openapi.json": {
    group: "The service",
    summary: "See this description",
    answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" } } },
  },
  "GET /docs": { group: "The service", summary: "Read this description", answers: html("A page.") },
} as const satisfies Readonly<Record<RouteName, RouteDocument>>;
