import { readFileSync } from "node:fs";
import type { RestRoutes } from "../rest/route.ts";
import { fillPlaceholders, type ServedValues } from "../schema/placeholders.ts";
import { fileRoute, findStaticFiles, lazyFile, pageRoutes } from "./static-files.ts";

/**
 * What `npm run generate` makes. It is committed, as all generated code: whatever starts the service, from a
 * checkout, an image or a package, finds the pages without building them, and CI builds them again and fails
 * where the two differ.
 */
const GENERATED = new URL("../../../gen/", import.meta.url);
/** Style, script and icon of /docs. */
const DOCS_FILES = new URL("./docs/", import.meta.url);

/** The dashboard, which calls the RPCs like any other client, and the documentation of the interface. */
export function servicePages(values: ServedValues): RestRoutes {
  const generated = (name: string) =>
    fillPlaceholders(readFileSync(new URL(name, GENERATED), "utf8"), values);
  const openapi = lazyFile("openapi.json", () => generated("openapi.json"));
  const docs = lazyFile("index.html", () => generated("docs.html"));
  return {
    ...pageRoutes("/dashboard", findStaticFiles(new URL("dashboard/", GENERATED))),
    "GET /openapi.json": fileRoute(openapi),
    ...pageRoutes("/docs", findStaticFiles(DOCS_FILES).set("index.html", docs)),
  };
}
