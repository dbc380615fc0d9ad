import { apiKey } from "./kinds.ts";
import { type Environment, given, refusal } from "./setting.ts";

/** How README and .env.example name these variables. */
export const KEY_VARIABLE = "METRICS_API_KEY_<NAME>";
export const KEY_VARIABLE_DESCRIPTION =
  "API key with the role `writer` for the service `<name>` (lower case, `_` becomes `-`)";

const PREFIX = "METRICS_API_KEY_";
const SERVICE = /^[a-z0-9_-]{1,100}$/;

/** A writer key that the environment gives to a service. */
export interface WriterKey {
  readonly service: string;
  /** Secret: to be hashed at once, and never logged. */
  readonly key: string;
}

export function isKeyVariable(name: string): boolean {
  return name.startsWith(PREFIX) && name.length > PREFIX.length;
}

/**
 * Every `METRICS_API_KEY_<NAME>`, by name. Problems never hold a key.
 *
 * One key for two services, or two keys for one, is refused: a key says who writes, and only one answer
 * can be stored.
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
    if (apiKey.parse(key) === undefined) problems.push(refusal(name, apiKey, key));
    if (sameKey !== undefined) problems.push(`${name}: the same key as ${sameKey}`);
    if (sameService !== undefined) problems.push(`${name}: the same service as ${sameService}`);
    nameOfKey.set(key, name);
    nameOfService.set(service, name);
    keys.push({ service, key });
  }
  return keys;
}
