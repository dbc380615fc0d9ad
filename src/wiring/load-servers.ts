import { ServerRegistry } from "../api/directory/server-registry.ts";
import { createPseudonymise, type Pseudonymise } from "../lib/pseudonym.ts";
import { createWebhookSeal, type Seal } from "../lib/seal.ts";
import { readInstallationSecret } from "../sqlite/file/installation-secret.ts";
import type { Writer } from "../sqlite/threads/writer.ts";
import type { Foundation } from "./foundation.ts";

/** The servers of the directory, and what the installation's secret does for them. */
export interface LoadedServers {
  readonly registry: ServerRegistry;
  readonly seal: Seal;
  readonly pseudonymise: Pseudonymise;
}

/** @throws {Error} when the installation's secret is damaged, or cannot be made. */
export async function loadServers({ config, logger }: Foundation, writer: Writer): Promise<LoadedServers> {
  const secret = readInstallationSecret(config.database.path);
  const seal = createWebhookSeal(secret);
  const registry = new ServerRegistry(seal, await writer.call("listServers"));
  const { unreadable } = registry;
  if (unreadable.length > 0) {
    const message = "webhook secrets were sealed with another installation's secret; set them anew";
    logger.error(message, { servers: unreadable.length, first: unreadable[0] });
  }
  return { registry, seal, pseudonymise: createPseudonymise(secret) };
}
