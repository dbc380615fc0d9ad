import type { Readable } from "node:stream";
import type { KeyAdministration } from "../api/admin/keys.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { type ApiKeyRecord, describeKey } from "../store/keys.ts";
import { withAdministration } from "./administration.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output, table } from "./output.ts";

/** A parsed command line of the group `keys`. */
type KeysRun = Extract<CommandRun, { name: `keys ${string}` }>;

/**
 * Runs a `keys` command: through the running service that has the database open, or on the database itself.
 *
 * @throws {ServiceError} `not_found`, `validation_failed` and the others of the operation, whichever way it
 *   ran.
 */
export async function runKeys(run: KeysRun, config: Config, output: Output, stdin: Readable): Promise<void> {
  // Before anything is opened: whoever types has time.
  const given = run.name === "keys find" ? await readKey(stdin, output) : "";
  return withAdministration(config, ({ keys }) => carryOut(run, keys, given, output));
}

/**
 * What each command calls and prints. The overlap of a rotation and the lifetime of a key are parsed to ms;
 * the operations take the overlap in seconds and the expiry as a time.
 */
async function carryOut(run: KeysRun, keys: KeyAdministration, given: string, output: Output): Promise<void> {
  switch (run.name) {
    case "keys list": {
      const records = await keys.list();
      return output.print(keyTable(records), records.map(toJson));
    }
    case "keys find":
      return find(keys, given, output);
    case "keys update": {
      const { id, description, allow } = run.values;
      const noneAllowed = run.values["allow-none"];
      if (noneAllowed && allow.length > 0)
        throw new CommandError("--allow-none and --allow contradict each other");
      const record = await keys.update(id, {
        rateLimit: run.values["rate-limit"],
        dailyUsageLimit: run.values["daily-limit"],
        monthlyUsageLimit: run.values["monthly-limit"],
        description,
        allowedServices: noneAllowed || allow.length > 0 ? allow : undefined,
      });
      return output.print(`${describeKey(record)} is changed:\n${keyTable([record])}`, toJson(record));
    }
    case "keys create": {
      const { service, role, allow, expires, description } = run.values;
      const { record, secret } = await keys.create({
        service,
        role,
        rateLimit: run.values["rate-limit"],
        allowedServices: allow,
        expiresMs: expires === undefined ? undefined : systemClock.wallMs() + expires,
        description,
        dailyUsageLimit: run.values["daily-limit"],
        monthlyUsageLimit: run.values["monthly-limit"],
      });
      return printSecret(output, record, secret);
    }
    case "keys revoke": {
      const record = await keys.revoke(run.values.id);
      return output.print(`${describeKey(record)} is revoked`, { ...briefJson(record), is_active: false });
    }
    case "keys rotate": {
      const { record, secret } = await keys.rotate(run.values.id, run.values.overlap / 1000);
      return printSecret(output, record, secret);
    }
  }
}

/** The keys, a line each. */
function keyTable(records: readonly ApiKeyRecord[]): string {
  const rows = records.map((key) => [
    String(key.id),
    key.prefix ?? "-",
    key.service,
    key.role,
    String(key.rateLimit),
    String(key.dailyUsageLimit ?? "none"),
    String(key.monthlyUsageLimit ?? "none"),
    String(key.usageCount),
    key.lastUsedMs === undefined ? "never" : new Date(key.lastUsedMs).toISOString(),
    stateOf(key),
    key.expiresMs === undefined ? "never" : new Date(key.expiresMs).toISOString(),
    key.description,
  ]);
  const limits = ["RATE LIMIT", "DAILY LIMIT", "MONTHLY LIMIT"];
  const use = ["REQUESTS", "LAST USED"];
  const headings = ["ID", "PREFIX", "SERVICE", "ROLE", ...limits, ...use, "STATE", "EXPIRES", "DESCRIPTION"];
  return table(headings, rows);
}

/** As the list shows it: whether the key is accepted now. */
function stateOf({ isActive, expiresMs }: ApiKeyRecord): string {
  if (!isActive) return "revoked";
  return expiresMs !== undefined && expiresMs <= systemClock.wallMs() ? "expired" : "active";
}

/** A key without its secret or hash, under the names that the database and the API use. */
function toJson({ id, service, role, createdMs, expiresMs, description, ...key }: ApiKeyRecord) {
  return {
    id,
    service,
    role,
    prefix: key.prefix ?? null,
    rate_limit: key.rateLimit,
    allowed_services: key.allowedServices,
    is_active: key.isActive,
    created_at: new Date(createdMs).toISOString(),
    expires_at: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
    description,
    usage_count: key.usageCount,
    last_used_at: key.lastUsedMs === undefined ? null : new Date(key.lastUsedMs).toISOString(),
    daily_usage_limit: key.dailyUsageLimit ?? null,
    monthly_usage_limit: key.monthlyUsageLimit ?? null,
    server_id: key.serverId ?? null,
  };
}

/**
 * The key as a line that a shell can evaluate; what else there is to say goes to standard error, so that `$(…)`
 * gets the line alone. The database holds only the hash: a lost key is rotated, not shown again.
 */
function printSecret(output: Output, record: ApiKeyRecord, secret: string): void {
  output.remark(`${describeKey(record)}. This is the only time the key is shown.`);
  output.print(`export METRICS_API_KEY=${secret}`, { ...briefJson(record), key: secret });
}

/** What tells a key from others. */
function briefJson({ id, service, role, prefix }: ApiKeyRecord) {
  return { id, service, role, prefix: prefix ?? null };
}

/** Text on standard input that is looked at: a key, and what a shell writes around it. */
const INPUT_LENGTH_MAX = 1000;

/** Not an argument: those stand in the history of the shell, and in the list of processes. */
async function readKey(stdin: Readable & { readonly isTTY?: boolean }, output: Output): Promise<string> {
  if (stdin.isTTY) output.remark("Paste the key, then press Enter and Ctrl-D.");
  let text = "";
  for await (const chunk of stdin) {
    text += chunk;
    if (text.length > INPUT_LENGTH_MAX) throw new CommandError("standard input holds more than a key");
  }
  if (text.trim() === "") throw new CommandError("standard input holds no key");
  return text.trim();
}

/** The key as it stands there, or in the line that `keys create` and files of environments write. */
async function find(keys: KeyAdministration, given: string, output: Output): Promise<void> {
  const assigned = /^(?:export\s+)?\w+=(["']?)(.+)\1$/.exec(given)?.[2];
  const record = (await keys.find(given)) ?? (assigned === undefined ? undefined : await keys.find(assigned));
  // The message must not repeat what may be the key of something else.
  if (record === undefined) throw new CommandError("this is no API key of this service");
  output.print(`${describeKey(record)} is ${stateOf(record)}:\n${keyTable([record])}`, toJson(record));
}
