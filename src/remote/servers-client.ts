import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { DirectoryService, type Server } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import type { ServerAdministration, WebhookSecret } from "../api/directory/servers.ts";
import type { ServerRecord } from "../store/directory.ts";
import { connectTransport, unwrapRpcError } from "./admin-client.ts";

/** Servers a page, as many as the service gives at once. */
const PAGE_SIZE = 1000;

/**
 * Administer the servers of a running service on this machine as if its database were open here. A change
 * names only the fields that are to change: proto3 `optional` keeps "absent" apart from "empty".
 */
export function createServersClient(url: string, adminKey: string): ServerAdministration {
  const directory = createClient(DirectoryService, connectTransport(url, adminKey));

  async function list(): Promise<readonly ServerRecord[]> {
    const records: ServerRecord[] = [];
    let pageToken = "";
    do {
      const page = await unwrapRpcError(directory.listServers({ pageSize: PAGE_SIZE, pageToken }));
      records.push(...page.servers.map(toRecord));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return records;
  }

  return {
    list,
    async register({ id, name, webhookUrl, isPublic, tools, rateLimit, webhookSecret: wanted }) {
      const answer = await unwrapRpcError(
        directory.registerServer({
          serverId: id,
          name: name ?? "",
          webhookUrl: webhookUrl ?? "",
          isPublic,
          tools: [...tools],
          ...(rateLimit !== undefined && { rateLimit }),
          secret: toSecret(wanted, "generateWebhookSecret"),
        }),
      );
      const { server, apiKey, apiKeyId, webhookSecret } = answer;
      return { server: toRecord(server), apiKey, apiKeyId: Number(apiKeyId), webhookSecret };
    },
    async update(serverId, { tools, name, webhookUrl, metricsEnabled, isPublic }) {
      const change = {
        ...(name !== undefined && { name }),
        ...(webhookUrl !== undefined && { webhookUrl }),
        ...(metricsEnabled !== undefined && { metricsEnabled }),
        ...(isPublic !== undefined && { isPublic }),
        ...(tools !== undefined && { tools: { ids: [...tools] } }),
      };
      return {
        server: toRecord((await unwrapRpcError(directory.updateServer({ serverId, ...change }))).server),
      };
    },
    async rotateKey(serverId, overlapSeconds) {
      const overlap = durationFromMs(overlapSeconds * 1000);
      const answer = await unwrapRpcError(directory.rotateServerKey({ serverId, overlap }));
      const { server, apiKey, apiKeyId } = answer;
      return { server: toRecord(server), apiKey, apiKeyId: Number(apiKeyId) };
    },
    async setWebhookSecret(serverId, wanted) {
      const secret = toSecret(wanted, "generate");
      const { server, webhookSecret } = await unwrapRpcError(
        directory.setWebhookSecret({ serverId, secret }),
      );
      return { server: toRecord(server), webhookSecret };
    },
  };
}

/**
 * The `oneof` of a request: no secret, a given one, or one for the service to make; `generate` is its field's
 * name.
 */
function toSecret<Generate extends string>(wanted: WebhookSecret, generate: Generate) {
  if (wanted.kind === "none") return { case: undefined };
  if (wanted.kind === "given") return { case: "webhookSecret" as const, value: wanted.secret };
  return { case: generate, value: {} };
}

/** Stands for a secret in a record: a service reports whether there is one, never the secret. */
const SEALED = new Uint8Array(0);

/** The record of a server; its number is internal to the database and does not travel. */
function toRecord(server: Server | undefined): ServerRecord {
  if (server === undefined) throw new Error("the service answered without a server");
  return {
    number: 0,
    id: server.serverId,
    name: server.name,
    metricsEnabled: server.metricsEnabled,
    isPublic: server.isPublic,
    tools: server.tools,
    webhookUrl: server.webhookUrl || undefined,
    sealedSecret: server.hasWebhookSecret ? SEALED : undefined,
    lastReceivedMs: server.metricsLastReceived && timestampMs(server.metricsLastReceived),
    createdMs: server.createdAt === undefined ? 0 : timestampMs(server.createdAt),
  };
}
