import { ADMIN_ROUTES } from "./admin/routes.ts";
import { COMPOSER_ROUTES } from "./composer/routes.ts";
import { DIRECTORY_ROUTES } from "./directory/routes.ts";
import { EXPORT_ROUTES, METRICS_ROUTES, STATUS_ROUTES } from "./metrics/routes.ts";
import { OTLP_ROUTES } from "./otlp/routes.ts";
import { SESSION_ROUTES } from "./session/routes.ts";

/** The REST interface. Every route ends in the operation that its RPC ends in. */
export const REST_ROUTES = {
  ...METRICS_ROUTES,
  ...OTLP_ROUTES,
  ...STATUS_ROUTES,
  ...EXPORT_ROUTES,
  ...ADMIN_ROUTES,
  ...COMPOSER_ROUTES,
  ...DIRECTORY_ROUTES,
  ...SESSION_ROUTES,
};
