import { apiKey } from "./kinds.ts";
import { type Environment, given, rejection } from "./setting.ts";

/**
 * How README and .env.example name these variables, which are not in the table: their names are the
 * operator's.
 */
export const KEY_VARIABLE = "METRICS_API_KEY_<NAME>";
export const KEY_VARIABLE_DESCRIPTION =
  "API key with the role `writer` for the service `<name>` (lower case, `_` becomes `-`)";

const PREFIX = "METRICS_API_KEY_";
/** As `service` in a submission (`LIMITS.SERVICE_LENGTH_MAX`). */
const SERVICE = /^[a-z0-9_-]{1,100}$/;

/** A writer key that the environment gives to a service. */
export interface WriterKey {
  /** In lower case: environment variables are in upper case by custom, service names are not. */
  readonly service: string;
  /** Secret: to be hashed at once, and never logged. */
  readonly key: string;
}

/** Whether a variable gives a service its key. METRICS_API_KEY alone is a client's. */
export function isKeyVariable(name: string): boolean {
  return name.startsWith(PREFIX) && name.length > PREFIX.length;
}

/**
 * The keys of all `METRICS_API_KEY_<NAME>`, ordered by name. `problems` gains one line for each that is
 * invalid; no line holds a key.
 *
 * One key for two services, or two keys for one, is a problem: a key says who writes, and only one service
 * can be stored for it. So is the admin key as a writer's.
 */
export function readWriterKeys(
  env: Environment,
  adminKey: string | undefined,
  problems: string[],
): readonly WriterKey[] {
  const keys: WriterKey[] = [];
  const nameOfKey = new Map<string, string>();
  const nameOfService = new Map<string, string>();
  if (adminKey !== undefined) nameOfKey.set(adminKey, "METRICS_ADMIN_API_KEY");
  for (const name of Object.keys(env).filter(isKeyVariable).sort()) {
    const key = given(env, name);
    if (key === undefined) continue;
    const service = name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-");
    const sameKey = nameOfKey.get(key);
    const sameService = nameOfService.get(service);
    if (!SERVICE.test(service)) problems.push(`${name}: ${JSON.stringify(service)} is not a service name`);
    if (apiKey.parse(key) === undefined) problems.push(rejection(name, apiKey, key));
    if (sameKey !== undefined) problems.push(`${name}: the same key as ${sameKey}`);
    if (sameService !== undefined) problems.push(`${name}: the same service as ${sameService}`);
    nameOfKey.set(key, name);
    nameOfService.set(service, name);
    keys.push({ service, key });
  }
  return keys;
}
