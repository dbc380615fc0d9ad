import { ServerRegistry } from "../api/directory/server-registry.ts";
import { createPseudonymise, type Pseudonymise } from "../lib/pseudonym.ts";
import { createWebhookSeal, type Seal } from "../lib/seal.ts";
import type { ServiceContext } from "./service-context.ts";

/** The servers of the directory, and what the installation's secret does for them. */
export interface LoadedServers {
  readonly registry: ServerRegistry;
  readonly seal: Seal;
  readonly pseudonymise: Pseudonymise;
}

/** @throws {Error} when the installation's secret is damaged, or cannot be made. */
export async function loadServers({ store, logger }: ServiceContext): Promise<LoadedServers> {
  const secret = await store.upkeep.installationSecret();
  const seal = createWebhookSeal(secret);
  const registry = new ServerRegistry(seal, await store.directory.list());
  const { unreadable } = registry;
  if (unreadable.length > 0) {
    const message = "webhook secrets were sealed with another installation's secret; set them anew";
    logger.error(message, { servers: unreadable.length, first: unreadable[0] });
  }
  return { registry, seal, pseudonymise: createPseudonymise(secret) };
}
