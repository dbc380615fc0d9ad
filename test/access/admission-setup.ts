import { createAdmission } from "../../src/access/admission.ts";
import { hashKey } from "../../src/access/api-key.ts";
import { FailedAttempts } from "../../src/access/failed-attempts.ts";
import { KeyRegistry } from "../../src/access/key-registry.ts";
import type { ApiKeyRecord } from "../../src/store/keys.ts";
import { TestClock } from "../support/time.ts";

export const KEY = "key-of-the-auth-service";

/** A key's record: a writer of `auth` with 60 requests a minute, unless said otherwise. */
export function createRecord(changes: Partial<ApiKeyRecord> & { readonly key?: string } = {}): ApiKeyRecord {
  const { key = KEY, ...rest } = changes;
  return {
    id: 1,
    keyHash: hashKey(key),
    service: "auth",
    role: "writer",
    rateLimit: 60,
    allowedServices: [],
    isActive: true,
    createdMs: 0,
    expiresMs: undefined,
    description: "",
    usageCount: 0,
    lastUsedMs: undefined,
    dailyUsageLimit: undefined,
    monthlyUsageLimit: undefined,
    ...rest,
  };
}

/** Admission over these records, and what it reported. */
export function setup(...records: readonly ApiKeyRecord[]) {
  const clock = new TestClock();
  const registry = new KeyRegistry(clock, records.length > 0 ? records : [createRecord()]);
  const reported: string[] = [];
  const onLimited = (refused: number, network: string) => reported.push(`${refused} limited at ${network}`);
  const attempts = new FailedAttempts({ clock, limitPerMinute: 20, onLimited });
  const admitRequest = createAdmission(registry, attempts, {
    onKey: (service, status) => reported.push(`${service} ${status}`),
    onRateLimited: (service) => reported.push(`${service} limited`),
  });
  const address = () => "192.0.2.1";
  const session = () => undefined;
  const request = { requestNumber: 7, requestId: "req_0000000000000007" };
  const rule = { roles: ["writer"], costsToken: true } as const;
  const admit = (
    apiKey: string | undefined = KEY,
    changes: Partial<Parameters<typeof admitRequest>[1]> = {},
  ) => admitRequest({ apiKey, authorization: undefined, session, address }, { ...rule, ...changes }, request);
  const admitBearer = (authorization: string, apiKey?: string) =>
    admitRequest({ apiKey, authorization, session, address }, rule, request);
  return { clock, registry, reported, admit, admitBearer, admitRequest };
}
