import type { RouteDocument } from "../schema/route-document.ts";
import { ADMIN_DOCUMENTS } from "./admin/documents.ts";
import { COMPOSER_DOCUMENTS } from "./composer/documents.ts";
import { DIRECTORY_DOCUMENTS } from "./directory/documents.ts";
import { EXPORT_DOCUMENTS, METRICS_DOCUMENTS, STATUS_DOCUMENTS } from "./metrics/documents.ts";
import { OTLP_DOCUMENTS } from "./otlp/documents.ts";
import type { REST_ROUTES } from "./routes.ts";
import { SESSION_DOCUMENTS } from "./session/documents.ts";

/**
 * What /openapi.json says of every REST route. It is read by `npm run generate` alone: a running service
 * loads no documents.
 */
export const REST_DOCUMENTS: Readonly<Record<keyof typeof REST_ROUTES, RouteDocument>> = {
  ...METRICS_DOCUMENTS,
  ...OTLP_DOCUMENTS,
  ...STATUS_DOCUMENTS,
  ...EXPORT_DOCUMENTS,
  ...ADMIN_DOCUMENTS,
  ...COMPOSER_DOCUMENTS,
  ...DIRECTORY_DOCUMENTS,
  ...SESSION_DOCUMENTS,
};
