import { RULES } from "../../api/rules.ts";
import { PAGE_DOCUMENTS } from "../pages/documents.ts";
import { REST_DOCUMENTS } from "../rest/documents.ts";
import { REST_ROUTES } from "../rest/routes.ts";
import { ruleOf, SERVICES } from "../rpc/auth-interceptor.ts";
import { fieldRules } from "../schema/field-rules.ts";
import { PLACEHOLDERS } from "../schema/placeholders.ts";
import { describeApi } from "./document.ts";
import type { OpenApiDocument } from "./operation.ts";

/** The document of everything that the port serves, from the tables that serve it, with `PLACEHOLDERS`. */
export function describeServedApi(): OpenApiDocument {
  const { version, metricsPerRequestMax } = PLACEHOLDERS;
  const routes = Object.entries(REST_ROUTES).map(([name, { rule, reads }]) => {
    const document = REST_DOCUMENTS[name as keyof typeof REST_ROUTES];
    return [name, { rule, reads, document }] as const;
  });
  const pages = Object.entries(PAGE_DOCUMENTS).map(
    ([name, document]) => [name, { rule: RULES.service.pages, reads: "nothing" as const, document }] as const,
  );
  const rpcs = SERVICES.flatMap((service) =>
    service.methods.map((method) => ({ method, rule: ruleOf({ service, method }) })),
  );
  const rest = Object.fromEntries([...routes, ...pages]);
  return describeApi({ version, rest, rpcs, rules: fieldRules(metricsPerRequestMax) });
}
