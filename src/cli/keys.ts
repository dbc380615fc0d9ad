import { createKeyAdministration, type KeyAdministration } from "../api/admin/keys.ts";
import { createAdminClient } from "../client/admin-client.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { findService } from "../local-service.ts";
import { MIGRATIONS_FOLDER } from "../main.ts";
import type { Database } from "../storage/database.ts";
import { type ApiKeyRecord, createKey, listKeys, revokeKey, rotateKey } from "../storage/key-store.ts";
import { DatabaseInUseError } from "../storage/lock.ts";
import { migrateUp, readMigrations } from "../storage/migrator.ts";
import { withDatabase } from "../storage/offline.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output, table } from "./output.ts";

type KeysRun = Extract<CommandRun, { name: `keys ${string}` }>;

/** Carry out a `keys` command, through the service that holds the database or on the database itself. */
export function runKeys(run: KeysRun, config: Config, output: Output): Promise<void> {
  return withKeys(config, (keys) => carryOut(run, keys, output));
}

/** Do something with the keys of the configured database, whoever holds it. */
export async function withKeys<Result>(
  config: Config,
  work: (keys: KeyAdministration) => Promise<Result>,
): Promise<Result> {
  const path = config.database.path;
  try {
    const migrations = readMigrations(MIGRATIONS_FOLDER);
    return await withDatabase(path, migrations, (database) => {
      migrateUp(database, migrations);
      return work(openKeys(database, config));
    });
  } catch (error) {
    if (!(error instanceof DatabaseInUseError)) throw error;
    const service = findService(path);
    if (service === undefined) throw new CommandError(`${error.message}, and it takes no calls (yet)`);
    return work(createAdminClient(service.url, service.adminKey)).catch(tellPlainly);
  }
}

/** The service's refusal, or that it cannot be reached: for people, who have no use for a stack. */
function tellPlainly(error: Error): never {
  throw new CommandError(error.message, { cause: error });
}

function openKeys(database: Database, config: Config): KeyAdministration {
  return createKeyAdministration({
    storage: {
      listKeys: async () => listKeys(database),
      createKey: async (key, nowMs) => createKey(database, key, nowMs),
      revokeKey: async (id) => revokeKey(database, id),
      rotateKey: async (input) => rotateKey(database, input),
    },
    clock: systemClock,
    defaultRateLimit: config.keys.rateLimitPerMinute,
    directory: undefined,
  });
}

async function carryOut(run: KeysRun, keys: KeyAdministration, output: Output): Promise<void> {
  switch (run.name) {
    case "keys list": {
      const records = await keys.list();
      const rows = records.map((key) => [
        String(key.id),
        key.service,
        key.role,
        String(key.rateLimit),
        stateOf(key),
        key.expiresMs === undefined ? "never" : new Date(key.expiresMs).toISOString(),
        key.description,
      ]);
      const headings = ["ID", "SERVICE", "ROLE", "RATE LIMIT", "STATE", "EXPIRES", "DESCRIPTION"];
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
  };
}

function printSecret(output: Output, id: number, secret: string): void {
  output.remark("This is the only time the key is shown.");
  output.print(`export METRICS_API_KEY=${secret}`, { id, key: secret });
}
