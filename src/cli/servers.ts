import type { ServerAdministration } from "../api/directory/servers.ts";
import type { Config } from "../config.ts";
import type { ServerRecord } from "../store/directory.ts";
import { describeKey, prefixOf } from "../store/keys.ts";
import { withAdministration } from "./administration.ts";
import type { CommandRun } from "./commands.ts";
import { type Output, table } from "./output.ts";

/** A parsed command line of the group `servers`. */
type ServersRun = Extract<CommandRun, { name: `servers ${string}` }>;

/**
 * Runs a `servers` command: through the running service that has the database open, or on the database
 * itself.
 *
 * @throws {ServiceError} of the operation, whichever way it ran.
 */
export function runServers(run: ServersRun, config: Config, output: Output): Promise<void> {
  return withAdministration(config, ({ servers }) => carryOut(run, servers, output));
}

/**
 * What each command calls and prints. An option that was not given is undefined, and its field stays as it
 * is.
 */
async function carryOut(run: ServersRun, servers: ServerAdministration, output: Output): Promise<void> {
  switch (run.name) {
    case "servers list":
      return list(await servers.list(), output);
    case "servers register": {
      const { id, name, public: isPublic, signed, tool } = run.values;
      const { server, apiKey, apiKeyId, webhookSecret } = await servers.register({
        id,
        name,
        webhookUrl: run.values["webhook-url"],
        isPublic,
        tools: tool,
        rateLimit: run.values["rate-limit"],
        webhookSecret: { kind: signed ? "generated" : "none" },
      });
      return printSecrets(output, server.id, {
        apiKey,
        apiKeyId,
        ...(webhookSecret !== "" && { webhookSecret }),
      });
    }
    case "servers rotate": {
      const { server, ...secrets } = await servers.rotateKey(run.values.id, run.values.overlap / 1000);
      return printSecrets(output, server.id, secrets);
    }
    case "servers secret": {
      const { id, remove } = run.values;
      const { webhookSecret } = await servers.setWebhookSecret(id, { kind: remove ? "none" : "generated" });
      if (!remove) return printSecrets(output, id, { webhookSecret });
      return output.print(`server ${id} need not sign its metrics any more`, toJsonSecret(id, false));
    }
    case "servers disable":
    case "servers enable": {
      const metricsEnabled = run.name === "servers enable";
      const { server } = await servers.update(run.values.id, { metricsEnabled });
      const state = metricsEnabled ? "taken" : "refused";
      return output.print(`metrics of server ${server.id} are ${state} from now on`, toJson(server));
    }
  }
}

/**
 * Prints the registered servers, a line each; FIGURES says whether anonymous callers may see their metrics.
 */
function list(records: readonly ServerRecord[], output: Output): void {
  const rows = records.map((server) => [
    server.id,
    server.name,
    server.metricsEnabled ? "enabled" : "disabled",
    server.isPublic ? "public" : "private",
    server.sealedSecret === undefined ? "no" : "yes",
    server.lastReceivedMs === undefined ? "never" : new Date(server.lastReceivedMs).toISOString(),
  ]);
  const headings = ["ID", "NAME", "METRICS", "FIGURES", "SIGNED", "LAST RECEIVED"];
  output.print(table(headings, rows), records.map(toJson));
}

/** Under the names that the database and the API use. */
function toJson(server: ServerRecord) {
  return {
    server_id: server.id,
    name: server.name,
    metrics_enabled: server.metricsEnabled,
    is_public: server.isPublic,
    webhook_url: server.webhookUrl ?? null,
    tools: server.tools,
    has_webhook_secret: server.sealedSecret !== undefined,
    metrics_last_received:
      server.lastReceivedMs === undefined ? null : new Date(server.lastReceivedMs).toISOString(),
    created_at: new Date(server.createdMs).toISOString(),
  };
}

/** Whether a server has a secret; the secret itself is printed where it is made only. */
const toJsonSecret = (id: string, hasSecret: boolean) => ({ server_id: id, has_webhook_secret: hasSecret });

/** Secrets that were just made. */
interface Secrets {
  /** What the server sends its metrics with. */
  readonly apiKey?: string;
  readonly apiKeyId?: number;
  /** What it signs them with: HMAC-SHA-256. */
  readonly webhookSecret?: string;
}

/** The secrets as lines for a shell; the remark goes to standard error. */
function printSecrets(output: Output, id: string, { apiKey, apiKeyId, webhookSecret }: Secrets): void {
  const names = { role: "server", prefix: prefixOf(apiKey ?? "") } as const;
  const key = apiKeyId === undefined ? "" : `${describeKey({ id: apiKeyId, service: id, ...names })}. `;
  output.remark(`${key}This is the only time that what follows is shown.`);
  const lines = [
    ...(apiKey === undefined ? [] : [`export MCP_DIRECTORY_API_KEY=${apiKey}`]),
    ...(webhookSecret === undefined ? [] : [`export MCP_DIRECTORY_WEBHOOK_SECRET=${webhookSecret}`]),
  ];
  output.print(lines.join("\n"), {
    server_id: id,
    ...(apiKey !== undefined && { api_key: apiKey, api_key_id: apiKeyId, api_key_prefix: names.prefix }),
    ...(webhookSecret !== undefined && { webhook_secret: webhookSecret }),
  });
}
