import type { Database } from "../file/database.ts";

const WRITTEN_ELSEWHERE = `SELECT id, service FROM sources
  WHERE api_key_id IN (SELECT id FROM api_keys WHERE service_name = ?1 AND role = 'writer') AND service <> ?1`;

/**
 * The sources of other services that a writer of `service` sees: those of its writers' keys, whatever has become
 * of these. By source the service of its metrics.
 */
export function readForeignSources(database: Database, service: string): ReadonlyMap<number, string> {
  const rows = database.all(WRITTEN_ELSEWHERE, service);
  return new Map(rows.map((row) => [Number(row.id), String(row.service)]));
}
