import type { AdmissionRule } from "../../access/admission.ts";
import type { AnonymousRule } from "../../access/anonymous-access.ts";

const ADMINS: AdmissionRule = { roles: [], costsToken: true };
const SERVERS: AdmissionRule = { roles: ["server"], costsToken: true };
const READERS: AdmissionRule = { roles: ["reader"], costsToken: true };
const VISITORS: AnonymousRule = { ifKey: { roles: ["writer", "reader", "server"], costsToken: true } };

/** Who may call what, through whichever door. */
export const DIRECTORY_RULES = {
  registerServer: ADMINS,
  listServers: READERS,
  updateServer: ADMINS,
  disableServer: ADMINS,
  rotateServerKey: ADMINS,
  setWebhookSecret: ADMINS,
  collect: SERVERS,
  fetchMetrics: VISITORS,
  trackUsage: VISITORS,
  aggregate: ADMINS,
  recordEvent: SERVERS,
  listEvents: { roles: ["server", "reader"], costsToken: true },
  listUsage: SERVERS,
} as const satisfies Readonly<Record<string, AdmissionRule | AnonymousRule>>;
