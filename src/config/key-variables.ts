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
  /** Further services, of further variables with the same key, which it may write too. */
  readonly allowedServices: readonly string[];
}

/** Whether a variable gives a service its key. METRICS_API_KEY alone is a client's. */
export function isKeyVariable(name: string): boolean {
  return name.startsWith(PREFIX) && name.length > PREFIX.length;
}

/**
 * The keys of all `METRICS_API_KEY_<NAME>`, ordered by name. `problems` gains one line for each that is
 * invalid; no line holds a key.
 *
 * One key for several services is the first one's, and may write all of them: deployments of the predecessor
 * share one secret among their services. Two keys for one service are a problem, for only one can be stored for
 * it; so is the admin key as a writer's, which would give each of these services all rights.
 */
export function readWriterKeys(
  env: Environment,
  adminKey: string | undefined,
  problems: string[],
): readonly WriterKey[] {
  const writers = new Map<string, WriterKey>();
  const nameOfService = new Map<string, string>();
  for (const [name, key] of givenKeys(env)) {
    const service = serviceOf(name);
    const sameService = nameOfService.get(service);
    const known = writers.get(key);
    if (!SERVICE.test(service)) problems.push(`${name}: ${JSON.stringify(service)} is not a service name`);
    if (apiKey.parse(key) === undefined) problems.push(rejection(name, apiKey, key));
    if (key === adminKey) problems.push(`${name}: the same key as METRICS_ADMIN_API_KEY`);
    if (sameService !== undefined) problems.push(`${name}: the same service as ${sameService}`);
    nameOfService.set(service, name);
    if (known === undefined) writers.set(key, { service, key, allowedServices: [] });
    else writers.set(key, { ...known, allowedServices: [...known.allowedServices, service] });
  }
  return [...writers.values()];
}

/** A warning for every variable with the key of one before it: whoever holds it writes all these services. */
export function warnOfSharedKeys(env: Environment): string[] {
  const firstName = new Map<string, string>();
  return givenKeys(env).flatMap(([name, key]) => {
    const first = firstName.get(key);
    if (first === undefined) firstName.set(key, name);
    return first === undefined
      ? []
      : [
          `${name}: the same key as ${first}; one key of ${serviceOf(first)}, which may write ${serviceOf(name)} too`,
        ];
  });
}

/** Names and keys of the variables that are set, ordered by name. */
function givenKeys(env: Environment): (readonly [name: string, key: string])[] {
  return Object.keys(env)
    .filter(isKeyVariable)
    .sort()
    .flatMap((name) => {
      const key = given(env, name);
      return key === undefined ? [] : [[name, key] as const];
    });
}

function serviceOf(name: string): string {
  return name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-");
}
