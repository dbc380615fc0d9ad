import { createAdminClient } from "./admin-client.ts";
import { createRetentionClient } from "./retention-client.ts";
import { createServersClient } from "./servers-client.ts";

/**
 * What a running service on this machine lets its command line administer: the interfaces of `api/admin`,
 * carried out by RPC. So a command is written once, whether a service holds the database or the command
 * itself.
 *
 * Imported only when a service runs: the RPC libraries take longer to load than most commands to run.
 *
 * @param url where the service takes calls from this machine, from its announcement
 * @param adminKey the admin key that the announcement holds, valid while that process lives
 */
export function connectAdministration(url: string, adminKey: string) {
  return {
    keys: createAdminClient(url, adminKey),
    retention: createRetentionClient(url, adminKey),
    servers: createServersClient(url, adminKey),
  };
}
