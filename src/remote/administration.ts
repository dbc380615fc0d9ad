import { createAdminClient } from "./admin-client.ts";
import { createRetentionClient } from "./retention-client.ts";
import { createServersClient } from "./servers-client.ts";

/** What a running service on this machine lets its command line administer. */
export function connectAdministration(url: string, adminKey: string) {
  return {
    keys: createAdminClient(url, adminKey),
    retention: createRetentionClient(url, adminKey),
    servers: createServersClient(url, adminKey),
  };
}
