import { boolean, record, string } from "../../schema/json-schema.ts";
import type { RouteDocument } from "../../schema/route-document.ts";
import type { SESSION_ROUTES } from "./routes.ts";

const SESSION = record(
  { signed_in: boolean("Whether the request came with a key or a session.") },
  {
    service: string("The service that the key belongs to."),
    role: string("Of the key.", { enum: ["writer", "reader", "admin", "server"] }),
    server_id: string("The directory's server whose own key it is."),
  },
  { title: "Session" },
);
const group = "The service";
const OWN_PAGE = "For pages of the service's own origin only.";
/** `Origin` will do too, where the browser sends no more. */
const parameters: RouteDocument["parameters"] = [
  {
    name: "Sec-Fetch-Site",
    in: "header",
    description:
      "Set by the browser; no page can set it. Without it, `Origin` must be of the host that is called.",
    schema: { type: "string", enum: ["same-origin"] },
    required: true,
    example: "same-origin",
  },
];

/** What /openapi.json says of these routes. */
export const SESSION_DOCUMENTS: Readonly<Record<keyof typeof SESSION_ROUTES, RouteDocument>> = {
  "POST /session/identity": {
    group,
    summary: "See who is signed in",
    description:
      "Changes nothing. By POST, because of a GET over plain HTTP browsers do not say which page sends it: a session " +
      "counts for pages of the same origin only, a key for everybody.",
    answers: { 200: { description: "Who.", schema: SESSION } },
  },
  "POST /session": {
    group,
    summary: "Stay signed in on this browser",
    description:
      `${OWN_PAGE} Sets a cookie (\`HttpOnly\`, \`SameSite=Strict\`) in the name of the key, for 30 days or as ` +
      "long as the key holds. Queries and figures of the directory take it from pages of the same origin; " +
      "everything else needs the key.",
    parameters,
    answers: { 200: { description: "Whose session it is.", schema: SESSION } },
    failures: ["permission_denied"],
  },
  "DELETE /session": {
    group,
    summary: "Sign this browser out",
    description: `${OWN_PAGE} Removes the cookie.`,
    parameters,
    answers: { 200: { description: "There is no session.", schema: SESSION } },
    failures: ["permission_denied"],
  },
};
