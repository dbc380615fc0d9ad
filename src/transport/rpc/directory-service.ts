import { durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  DirectoryService,
  type RegisterServerRequest,
  type SetWebhookSecretRequest,
} from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import type { Directory } from "../../api/directory/directory.ts";
import type { WebhookSecret } from "../../api/directory/servers.ts";
import { type PageBounds, readPage } from "../../api/page.ts";
import { singleHeaderOf } from "../http/exchange.ts";
import { actorOf } from "./admin-retention.ts";
import { admittedOf, anonymousCallOf, exchangeOf, untilAborted } from "./context.ts";
import {
  fromCollectRequest,
  toCollectResponse,
  toFetchMetricsResponse,
  toServer,
  toServerEvent,
  toUse,
} from "./directory-messages.ts";
import { toDate } from "./times.ts";

/** Every RPC of the service, each with its handler. */
type Rpcs = ServiceImpl<typeof DirectoryService>;
/** Those that callers without a key may call. */
type AnonymousRpcs = Pick<Rpcs, "fetchMetrics" | "trackUsage">;

/** DirectoryService over the same functions as REST and the command line. */
export function directoryServiceRoutes(directory: Directory): (router: ConnectRouter) => void {
  const implementation: Rpcs = {
    ...serverRpcs(directory),
    ...ownRpcs(directory),
    ...anonymousRpcs(directory),
  };
  return (router) => void router.service(DirectoryService, implementation);
}

/** What administrators do with servers. */
function serverRpcs({ servers, aggregate }: Directory) {
  const serversFor = (context: HandlerContext) => servers(actorOf(context));
  return {
    async registerServer(request, context) {
      const { serverId, name, webhookUrl, isPublic, tools, rateLimit } = request;
      const { server, apiKey, apiKeyId, webhookSecret } = await serversFor(context).register({
        id: serverId,
        name: name || undefined,
        webhookUrl: webhookUrl || undefined,
        isPublic,
        tools,
        rateLimit,
        webhookSecret: fromSecret(request.secret),
      });
      return { server: toServer(server), apiKey, apiKeyId: BigInt(apiKeyId), webhookSecret };
    },
    async listServers(request, context) {
      const read = ({ lastId = 0, limit }: PageBounds) =>
        serversFor(context).list({ afterNumber: lastId, limit });
      const { rows, nextPageToken } = await readPage(request, read, ({ number }) => number);
      return { servers: rows.map(toServer), nextPageToken };
    },
    async updateServer({ serverId, tools, name, metricsEnabled, isPublic, webhookUrl }, context) {
      const change = { name, metricsEnabled, isPublic, webhookUrl, tools: tools?.ids };
      return { server: toServer((await serversFor(context).update(serverId, change)).server) };
    },
    async disableServer({ serverId }, context) {
      const { server } = await serversFor(context).update(serverId, { metricsEnabled: false });
      return { server: toServer(server) };
    },
    async rotateServerKey({ serverId, overlap }, context) {
      const seconds = overlap === undefined ? 0 : durationMs(overlap) / 1000;
      const { server, apiKey, apiKeyId } = await serversFor(context).rotateKey(serverId, seconds);
      return { server: toServer(server), apiKey, apiKeyId: BigInt(apiKeyId) };
    },
    async setWebhookSecret({ serverId, secret }, context) {
      const answer = await serversFor(context).setWebhookSecret(serverId, fromSecret(secret));
      return { server: toServer(answer.server), webhookSecret: answer.webhookSecret };
    },
    async aggregate({ date, retentionDays }, context) {
      const answer = await aggregate(actorOf(context), { date, retentionDays });
      return { ...answer, metricsAggregated: BigInt(answer.metricsAggregated) };
    },
  } satisfies Partial<Rpcs>;
}

/** What servers do themselves. */
function ownRpcs({ collect, events }: Directory) {
  return {
    async collect(request, context) {
      const header = singleHeaderOf(exchangeOf(context).request, "idempotency-key");
      const submitted = await fromCollectRequest(request, header);
      return toCollectResponse(
        await untilAborted(() => collect(admittedOf(context).call, submitted), context.signal),
      );
    },
    async recordEvent(request, context) {
      const { serverId, eventType, previousValue, newValue, details, timestamp } = request;
      const submitted = { serverId, type: eventType, previousValue, newValue, details };
      const event = await events.record(admittedOf(context).call, {
        ...submitted,
        timestamp: toDate(timestamp),
      });
      return { event: toServerEvent(event) };
    },
    async listEvents(request, context) {
      const { rows, nextPageToken } = await events.list(admittedOf(context).call, request);
      return { events: rows.map(toServerEvent), nextPageToken };
    },
    async listUsage(request, context) {
      const { rows, nextPageToken } = await events.listUses(admittedOf(context).call, request);
      return { uses: rows.map(toUse), nextPageToken };
    },
  } satisfies Partial<Rpcs>;
}

/** What anybody does. */
function anonymousRpcs({ fetchMetrics, trackUsage }: Directory): AnonymousRpcs {
  return {
    async fetchMetrics({ serverId, period, metrics, percentiles }, context) {
      const asked = { serverIds: [serverId], period, metrics, percentiles };
      return toFetchMetricsResponse(await fetchMetrics(anonymousCallOf(context), asked));
    },
    async trackUsage({ serverId, action, userId, toolId, details }, context) {
      const userAgent = context.requestHeader.get("user-agent") ?? undefined;
      const use = { serverIds: [serverId], action, userId, toolId, details, userAgent };
      const { timestampMs } = await untilAborted(
        () => trackUsage(anonymousCallOf(context), use),
        context.signal,
      );
      return { serverId, action, recorded: true, timestamp: timestampFromMs(timestampMs) };
    },
  };
}

/** Which webhook secret a message asks for. */
function fromSecret(
  secret: RegisterServerRequest["secret"] | SetWebhookSecretRequest["secret"],
): WebhookSecret {
  if (secret.case === undefined) return { kind: "none" };
  return secret.case === "webhookSecret" ? { kind: "given", secret: secret.value } : { kind: "generated" };
}
