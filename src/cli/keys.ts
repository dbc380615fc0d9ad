import type { KeyAdministration } from "../api/admin/keys.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import type { ApiKeyRecord } from "../store/keys.ts";
import { withAdministration } from "./administration.ts";
import type { CommandRun } from "./commands.ts";
import { type Output, table } from "./output.ts";

/** A parsed command line of the group `keys`. */
type KeysRun = Extract<CommandRun, { name: `keys ${string}` }>;

/**
 * Runs a `keys` command: through the running service that has the database open, or on the database itself.
 *
 * @throws {ServiceError} `not_found`, `validation_failed` and the others of the operation, whichever way it
 *   ran.
 */
export function runKeys(run: KeysRun, config: Config, output: Output): Promise<void> {
  return withAdministration(config, ({ keys }) => carryOut(run, keys, output));
}

/**
 * What each command calls and prints. The overlap of a rotation and the lifetime of a key are parsed to ms;
 * the operations take the overlap in seconds and the expiry as a time.
 */
async function carryOut(run: KeysRun, keys: KeyAdministration, output: Output): Promise<void> {
  switch (run.name) {
    case "keys list": {
      const records = await keys.list();
      const rows = records.map((key) => [
        String(key.id),
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
      const headings = ["ID", "SERVICE", "ROLE", ...limits, ...use, "STATE", "EXPIRES", "DESCRIPTION"];
      return output.print(table(headings, rows), records.map(toJson));
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
      return printSecret(output, record.id, secret);
    }
    case "keys revoke": {
      const record = await keys.revoke(run.values.id);
      output.print(`key ${record.id} of ${record.service} is revoked`, { id: record.id, is_active: false });
      return;
    }
    case "keys rotate": {
      const { record, secret } = await keys.rotate(run.values.id, run.values.overlap / 1000);
      return printSecret(output, record.id, secret);
    }
  }
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
 * The key as a line that a shell can evaluate; the remark goes to standard error, so that `$(…)` gets the
 * line alone. The database holds only the hash: a lost key is rotated, not shown again.
 */
function printSecret(output: Output, id: number, secret: string): void {
  output.remark("This is the only time the key is shown.");
  output.print(`export METRICS_API_KEY=${secret}`, { id, key: secret });
}
