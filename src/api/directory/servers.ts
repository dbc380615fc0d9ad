import { randomBytes } from "node:crypto";
import { generateKey, serverKeyOf } from "../../access/api-key.ts";
import type { KeyRegistry } from "../../access/key-registry.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Seal } from "../../lib/seal.ts";
import type { DirectoryStore, ServerChange, ServerPage, ServerRecord } from "../../store/directory.ts";
import type { NewApiKey } from "../../store/keys.ts";
import type { Actor, Audit } from "../admin/audit.ts";
import { checkOverlap } from "../admin/keys.ts";
import { checkServer } from "./check-server.ts";
import type { ServerRegistry } from "./server-registry.ts";

/** How a webhook secret is to be: one that the service makes, a given one, or none. */
export type WebhookSecret =
  | { readonly kind: "generated" | "none" }
  | { readonly kind: "given"; readonly secret: string };

/** A server to be registered. */
export interface RegisterServerInput {
  /** Chosen by the directory; it cannot be changed. */
  readonly id: string;
  /** Undefined: the id. */
  readonly name: string | undefined;
  /** Where its webhook is; shown to administrators and never called. */
  readonly webhookUrl: string | undefined;
  /** Whether everybody may see its figures. */
  readonly isPublic: boolean;
  /** Ids of its tools; none: usage may name any. */
  readonly tools: readonly string[];
  /** Requests a minute of its key; undefined: the service's default. */
  readonly rateLimit: number | undefined;
  /** What its signatures are to be verified with. */
  readonly webhookSecret: WebhookSecret;
}

/** A server as it is after a change. */
export interface ServerAnswer {
  /** As it is stored now. */
  readonly server: ServerRecord;
}
/** The key is shown once and kept nowhere. */
export interface KeyAnswer extends ServerAnswer {
  /** The key itself; only its hash is stored. */
  readonly apiKey: string;
  readonly apiKeyId: number;
}
/** A secret that the service made is shown once, and kept sealed; "" when it made none. */
export interface SecretAnswer extends ServerAnswer {
  /** The secret itself, or "". */
  readonly webhookSecret: string;
}

/** What DirectoryService and the command line share. Changes are in force when they return. */
export interface ServerAdministration {
  /** In the order of registration. */
  list(): Promise<readonly ServerRecord[]>;
  /** @throws {ServiceError} `validation_failed` */
  register(input: RegisterServerInput): Promise<KeyAnswer & SecretAnswer>;
  /** @throws {ServiceError} `not_found`, `validation_failed` */
  update(id: string, change: ServerChange): Promise<ServerAnswer>;
  /** The old key works on for an overlap. @throws {ServiceError} `not_found`, `validation_failed` */
  rotateKey(id: string, overlapSeconds: number): Promise<KeyAnswer>;
  /** The old secret is refused from then on. @throws {ServiceError} `not_found`, `validation_failed` */
  setWebhookSecret(id: string, secret: WebhookSecret): Promise<SecretAnswer>;
}

/** … where the database is at hand. */
export interface PagedServers extends ServerAdministration {
  /** All of them, or a page: nobody who asks for a hundred makes the writer read all. */
  list(page?: ServerPage): Promise<readonly ServerRecord[]>;
}

/** What `createServers` is made of. */
export interface ServersDeps {
  /** Writes the server and the trace of the act in one transaction. */
  readonly store: Pick<DirectoryStore, "list" | "register" | "update" | "rotateKey" | "setSecret">;
  /** Writes every act down, those that failed too. */
  readonly audit: Audit;
  readonly clock: Clock;
  /** Encrypts webhook secrets with the secret of the installation. */
  readonly seal: Seal;
  /** Requests a minute of a server's key, where the request does not say. */
  readonly defaultRateLimit: number;
  /** Keys and servers in force in this process; undefined where no service runs. */
  readonly keyRegistry: KeyRegistry | undefined;
  /** The servers in force in this process; undefined where no service runs. */
  readonly registry: ServerRegistry | undefined;
}

/** Bytes of a generated secret, before base64url: 256 bits cannot be guessed. */
const GENERATED_SECRET_BYTES = 32;

/** Administration of servers, in the name of an actor. */
export function createServers(deps: ServersDeps): (actor: Actor) => PagedServers {
  const { store, audit, clock, seal, defaultRateLimit, keyRegistry, registry } = deps;

  function newKey(serverId: string, rateLimit = defaultRateLimit): { apiKey: string; record: NewApiKey } {
    const apiKey = generateKey();
    return { apiKey, record: serverKeyOf(apiKey, serverId, rateLimit) };
  }

  /** The secret, sealed for `id`, and shown if it is new to whoever asked. */
  function secretOf(id: string, wanted: WebhookSecret) {
    if (wanted.kind === "none") return { sealed: undefined, webhookSecret: "" };
    if (wanted.kind === "given") {
      checkServer({ webhookSecret: wanted.secret });
      return { sealed: seal.close(wanted.secret, id), webhookSecret: "" };
    }
    const webhookSecret = `whsec_${randomBytes(GENERATED_SECRET_BYTES).toString("base64url")}`;
    return { sealed: seal.close(webhookSecret, id), webhookSecret };
  }

  /** From now on requests find the server as it is now. */
  function inForce(server: ServerRecord): ServerRecord {
    registry?.put(server);
    return server;
  }

  return (actor) => ({
    list: (page) => store.list(page),

    register(input) {
      const { id, name = id, webhookUrl, isPublic, tools, rateLimit } = input;
      const details = { name, is_public: isPublic, webhook_secret: input.webhookSecret.kind };
      const act = { action: "server.register", target: id, details };
      return audit.transacted(actor, act, async (trace) => {
        checkServer({ id, name, webhookUrl, tools, rateLimit });
        const { sealed, webhookSecret } = secretOf(id, input.webhookSecret);
        const { apiKey, record } = newKey(id, rateLimit);
        const row = { id, name, metricsEnabled: true, isPublic, tools, webhookUrl: webhookUrl || undefined };
        const made = await store.register({ ...row, sealedSecret: sealed }, record, clock.wallMs(), trace);
        keyRegistry?.put(made.key);
        return { server: inForce(made.server), apiKey, apiKeyId: made.key.id, webhookSecret };
      });
    },

    update(id, change) {
      const { name, metricsEnabled, isPublic, tools, webhookUrl } = change;
      const details = {
        ...(name !== undefined && { name }),
        ...(metricsEnabled !== undefined && { metrics_enabled: metricsEnabled }),
        ...(isPublic !== undefined && { is_public: isPublic }),
        ...(tools !== undefined && { tools: tools.length }),
        ...(webhookUrl !== undefined && { webhook_url: webhookUrl }),
      };
      return audit.transacted(actor, { action: "server.update", target: id, details }, async (trace) => {
        checkServer({ name, tools, webhookUrl });
        return { server: inForce(await store.update(id, change, trace)) };
      });
    },

    rotateKey(id, overlapSeconds) {
      const details = { overlap_seconds: overlapSeconds };
      return audit.transacted(actor, { action: "server.rotate_key", target: id, details }, async (trace) => {
        checkOverlap(overlapSeconds);
        const { apiKey, record } = newKey(id);
        const nowMs = clock.wallMs();
        const times = { nowMs, oldExpiresMs: nowMs + overlapSeconds * 1000 };
        const { server, old, replacement } = await store.rotateKey(id, record, times, trace);
        if (old !== undefined) keyRegistry?.put(old);
        keyRegistry?.put(replacement, old);
        return { server, apiKey, apiKeyId: replacement.id };
      });
    },

    setWebhookSecret(id, secret) {
      const act = { action: "server.set_secret", target: id, details: { webhook_secret: secret.kind } };
      return audit.transacted(actor, act, async (trace) => {
        const { sealed, webhookSecret } = secretOf(id, secret);
        return { server: inForce(await store.setSecret(id, sealed, trace)), webhookSecret };
      });
    },
  });
}
