import type { Clock } from "../lib/clock.ts";
import { type EnvironmentKey, type KeyStore, prefixOf } from "../store/keys.ts";
import { generateKey, hashKey } from "./api-key.ts";
import { KeyRegistry } from "./key-registry.ts";

/** The keys that are configured rather than created. */
export interface KeyConfig {
  /** API keys that the environment gives to services. */
  readonly writers: readonly {
    readonly service: string;
    readonly key: string;
    /** Services that it may write besides its own. */
    readonly allowedServices: readonly string[];
  }[];
  /** One that may do everything. */
  readonly adminKey: string | undefined;
  /** Of the environment's keys. */
  readonly rateLimitPerMinute: number;
}

/** The keys of a service that starts. */
export interface LoadedKeys {
  /** All keys, those of the environment and the local one included. */
  readonly registry: KeyRegistry;
  /** An admin key for this process's own command line; it is in no database and ends with the process. */
  readonly localAdminKey: string;
  /** Whether there are no keys but the local one: nobody can call yet. */
  readonly isEmpty: boolean;
}

/** Requests a minute of the local command line, which is not to be slowed down. */
const LOCAL_RATE_LIMIT = 1_000_000;

/** Bring the environment's keys into the database, and all keys into memory. */
export async function loadKeys(store: KeyStore, config: KeyConfig, clock: Clock): Promise<LoadedKeys> {
  const environment: EnvironmentKey[] = config.writers.map(({ service, key, allowedServices }) => ({
    keyHash: hashKey(key),
    prefix: prefixOf(key),
    service,
    role: "writer",
    allowedServices,
  }));
  if (config.adminKey !== undefined) {
    environment.push({
      keyHash: hashKey(config.adminKey),
      service: "admin",
      role: "admin",
      allowedServices: [],
    });
  }
  const nowMs = clock.wallMs();
  await store.syncEnvironment(environment, config.rateLimitPerMinute, nowMs);
  const records = await store.list();
  const usage = await store.listDailyUsage();
  const localAdminKey = generateKey();
  const local = {
    id: 0,
    keyHash: hashKey(localAdminKey),
    prefix: prefixOf(localAdminKey),
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
    // What is not stored, as on a full disk, is learnt again after the next start.
    registry: new KeyRegistry(
      clock,
      [...records, local],
      usage,
      (id, learnt) => void store.learn(id, learnt).catch(() => {}),
    ),
    localAdminKey,
    isEmpty: records.length === 0,
  };
}
