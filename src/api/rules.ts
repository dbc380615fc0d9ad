/**
 * Who may call each operation of the service, through whichever protocol.
 *
 * Every door reads this one table: the auth interceptor of the RPCs, the REST routes, the scrape port, and
 * the OpenAPI document that describes them. An operation without a rule does not compile as a REST route, and
 * as an RPC neither compiles nor runs: none is open by omission.
 */
import type { AdmissionRule } from "../access/admission.ts";
import type { AnonymousRule } from "../access/anonymous-access.ts";

/**
 * What is asked of the callers of an operation:
 *
 * - an `AdmissionRule`: an API key of one of its roles,
 * - a `AnonymousRule`: a valid key or none; calls without one are limited by the caller's network,
 * - `open`: nothing. Keys are not looked at, and nothing limits how often it is called.
 */
export type OperationRule = AdmissionRule | AnonymousRule | "open";

const WRITERS: AdmissionRule = { roles: ["writer"], costsToken: true };
/** What senders call that may not look at the answer: why it was refused is logged. */
const SENDERS: AdmissionRule = { ...WRITERS, takesMetrics: true };
const READERS: AdmissionRule = { roles: ["reader"], costsToken: true };
/** Queries: a writer key sees its own service and what its service's keys wrote, a reader key everything. */
const QUERIERS: AdmissionRule = { roles: ["writer", "reader"], costsToken: true };
/** … from the dashboard too, in a browser that stays signed in. */
const VIEWERS = { ...QUERIERS, takesSession: true } as const satisfies AdmissionRule;
const SERVERS: AdmissionRule = { roles: ["server"], costsToken: true };
/** No role but admin, which may call everything. */
const ADMINS: AdmissionRule = { roles: [], costsToken: true };
const ANY_ROLE: AdmissionRule = { roles: ["writer", "reader", "server"], costsToken: true };

/** The rule of every operation, by the domain it belongs to. */
export const RULES = {
  metrics: {
    submit: SENDERS,
    flush: WRITERS,
    // Free, so that a client whose bucket is empty can ask when it will not be.
    rateLimitStatus: { roles: ["writer", "reader"], costsToken: false },
    health: "open",
    readiness: "open",
    scrape: READERS,
    /** The same exposition on the scrape port, where keys are asked for: free, for Prometheus must not miss one. */
    scrapePort: { roles: ["reader"], costsToken: false },
  },
  otlp: { export: SENDERS },
  query: {
    querySeries: VIEWERS,
    topValues: VIEWERS,
    summary: VIEWERS,
    listDimensionValues: VIEWERS,
    listEvents: VIEWERS,
    exportEvents: VIEWERS,
    listMetricTypes: VIEWERS,
  },
  admin: {
    createKey: ADMINS,
    listKeys: ADMINS,
    findKey: ADMINS,
    updateKey: ADMINS,
    revokeKey: ADMINS,
    rotateKey: ADMINS,
    backup: ADMINS,
    listRetentionPolicies: ADMINS,
    updateRetentionPolicy: ADMINS,
    previewRetention: ADMINS,
    runRetention: ADMINS,
    getDatabaseStats: ADMINS,
    getDatabaseSize: ADMINS,
    getConfiguration: ADMINS,
    listAuditEntries: ADMINS,
  },
  composer: {
    scrape: QUERIERS,
    metrics: QUERIERS,
    status: QUERIERS,
    health: "open",
    // As the composers have it, for whom a monitor without a key asks.
    detailedHealth: { ifKey: QUERIERS },
    serverMetrics: QUERIERS,
    version: "open",
  },
  directory: {
    registerServer: ADMINS,
    listServers: { ...READERS, takesSession: true },
    updateServer: ADMINS,
    disableServer: ADMINS,
    rotateServerKey: ADMINS,
    setWebhookSecret: ADMINS,
    collect: { ...SERVERS, takesMetrics: true },
    fetchMetrics: { ifKey: { ...ANY_ROLE, takesSession: true } },
    trackUsage: { ifKey: ANY_ROLE },
    aggregate: ADMINS,
    recordEvent: SERVERS,
    listEvents: { roles: ["server", "reader"], costsToken: true, takesSession: true },
    listUsage: SERVERS,
  },
  /** grpc.health.v1, for load balancers: it names the services and nothing else. */
  health: { check: "open", list: "open", watch: "open" },
  /** grpc.reflection: the schema, which is public. */
  reflection: { serverReflectionInfo: "open" },
  /** Who looks at the dashboard. Free, as RateLimitStatus is: a key whose bucket is empty may sign in. */
  session: {
    describe: { ifKey: { ...ANY_ROLE, costsToken: false, takesSession: true } },
    begin: { ...ANY_ROLE, costsToken: false },
    end: "open",
  },
  /** What the service says of itself: its name, its documentation, the dashboard's files. */
  service: { describe: "open", pages: "open" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, OperationRule>>>>;

/**
 * Largest body, in bytes after decompression, that is read for a caller who may have no key: whoever sends
 * larger ones must be known by a key that can be revoked.
 */
export const ANONYMOUS_BODY_BYTES_MAX = 16 * 1024;

/** Whether callers without a key may call. */
export function takesAnonymous(rule: OperationRule): rule is AnonymousRule | "open" {
  return rule === "open" || "ifKey" in rule;
}

/** Largest body that is read for an operation. `bytesMax`: what callers with a key may send. */
export function bodyBytesMaxOf(rule: OperationRule, bytesMax: number): number {
  return takesAnonymous(rule) ? ANONYMOUS_BODY_BYTES_MAX : bytesMax;
}
