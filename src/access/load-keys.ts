import type { Clock } from "../lib/clock.ts";
import type { EnvironmentKey, KeyStore } from "../store/keys.ts";
import { generateKey, hashKey } from "./api-key.ts";
import { KeyRegistry } from "./key-registry.ts";

export interface KeyConfig {
  /** API keys that the environment gives to services. */
  readonly writers: readonly { readonly service: string; readonly key: string }[];
  readonly adminKey: string | undefined;
  readonly rateLimitPerMinute: number;
}

export interface LoadedKeys {
  readonly registry: KeyRegistry;
  /** An admin key for this process's own command line; it is in no database and ends with the process. */
  readonly localAdminKey: string;
  /** Whether nobody has a key yet. */
  readonly isEmpty: boolean;
}

/** The local command line is not to be slowed down. */
const LOCAL_RATE_LIMIT = 1_000_000;

/** Bring the environment's keys into the database, and all keys into memory. */
export async function loadKeys(store: KeyStore, config: KeyConfig, clock: Clock): Promise<LoadedKeys> {
  const environment: EnvironmentKey[] = config.writers.map(({ service, key }) => ({
    keyHash: hashKey(key),
    service,
    role: "writer",
  }));
  if (config.adminKey !== undefined) {
    environment.push({ keyHash: hashKey(config.adminKey), service: "admin", role: "admin" });
  }
  const nowMs = clock.wallMs();
  await store.syncEnvironment(environment, config.rateLimitPerMinute, nowMs);
  const records = await store.list();
  const usage = await store.listDailyUsage();
  const localAdminKey = generateKey();
  const local = {
    id: 0,
    keyHash: hashKey(localAdminKey),
    service: "local-cli",
    role: "admin",
    rateLimit: LOCAL_RATE_LIMIT,
    allowedServices: [],
    isActive: true,
    createdMs: nowMs,
    expiresMs: undefined,
    description: "the command line on this machine",
    usageCount: 0,
    lastUsedMs: undefined,
    dailyUsageLimit: undefined,
    monthlyUsageLimit: undefined,
  } as const;
  return {
    registry: new KeyRegistry(clock, [...records, local], usage),
    localAdminKey,
    isEmpty: records.length === 0,
  };
}
