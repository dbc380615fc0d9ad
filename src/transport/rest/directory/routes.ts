import type { FetchMetrics, FetchRequest, ServerMetricSeries } from "../../../api/directory/fetch-metrics.ts";
import { RULES } from "../../../api/rules.ts";
import { invalidField } from "../../../errors.ts";
import { type Exchange, headerOf, queryOf, singleHeaderOf } from "../../http/exchange.ts";
import { collectFromJson, readDirectoryJson } from "../../rpc/webhook-body.ts";
import { ok } from "../answer.ts";
import type {
  AnonymousRequest,
  KeyedRequest,
  RestAnswer,
  RestRoute,
  RestRoutes,
  RestService,
} from "../route.ts";

/** 200 in the form of the directory's functions. */
const success = (body: object): RestAnswer => ok({ success: true, ...body });
/** ISO 8601, UTC. */
const isoOf = (ms: number) => new Date(ms).toISOString();

/** At two paths: the server is named in the path, or in the body alone. */
const COLLECT = {
  rule: RULES.directory.collect,
  reads: "bytes",
  answer: collect,
} as const satisfies RestRoute;
/** At two paths: the server is named in the path, or in the query. */
const FETCH = {
  rule: RULES.directory.fetchMetrics,
  reads: "nothing",
  answer: fetchMetrics,
} as const satisfies RestRoute;

/** The directory as its functions' clients know it. What they have no function for is for RPCs. */
export const DIRECTORY_ROUTES = {
  "POST /functions/v1/metrics-collect": COLLECT,
  "POST /functions/v1/metrics-collect/{server_id}": COLLECT,
  "GET /functions/v1/metrics-fetch": FETCH,
  "GET /servers/{server_id}/metrics": FETCH,
  "POST /functions/v1/usage-track": {
    rule: RULES.directory.trackUsage,
    reads: "bytes",
    answer: trackUsage,
  },
  "POST /functions/v1/metrics-aggregate": {
    rule: RULES.directory.aggregate,
    reads: "bytes",
    answer: aggregate,
  },
} as const satisfies RestRoutes;

/** The signature is over the bytes as they came, so the body is read here and not before. */
async function collect(
  { call, body, exchange }: KeyedRequest,
  { operations }: RestService,
): Promise<RestAnswer> {
  const { request, pathParameter } = exchange;
  const submitted = await collectFromJson(bytesOf(body), {
    serverId: pathParameter,
    signature: singleHeaderOf(request, "x-webhook-signature") ?? singleHeaderOf(request, "x-signature"),
    idempotencyKey: singleHeaderOf(request, "idempotency-key"),
  });
  const answer = await operations.directory.collect(call, submitted);
  return success({
    metrics_processed: answer.processed,
    metrics_inserted: answer.inserted,
    server_id: answer.serverId,
    timestamp: isoOf(answer.timestampMs),
    rejected: answer.rejected,
    errors: answer.errors,
    ...(answer.warnings.length > 0 && { warnings: answer.warnings }),
    ...(answer.isDuplicate && { duplicate: true }),
  });
}

/** Caches may keep the figures of a public server for a part of their period. */
async function fetchMetrics(
  { call, exchange }: AnonymousRequest,
  { operations }: RestService,
): Promise<RestAnswer> {
  const found = await operations.directory.fetchMetrics(call, readFetch(exchange));
  const { isPublic, period } = found;
  const metrics = metricsJson(found);
  const headers = { "cache-control": `${isPublic ? "public" : "private"}, max-age=${period.maxAgeSeconds}` };
  // Once more at the top: the two generations of clients look for them in two places.
  return { ...success({ metrics, ...metrics }), headers };
}

/** Names may be repeated, or stand in one parameter with commas between them. */
function readFetch(exchange: Exchange): FetchRequest {
  const search = queryOf(exchange);
  const names = (name: string) =>
    search
      .getAll(name)
      .flatMap((value) => value.split(","))
      .map((value) => value.trim())
      .filter((value) => value !== "");
  return {
    serverIds: [exchange.pathParameter, ...search.getAll("server_id"), ...search.getAll("serverId")],
    period: search.get("period") ?? undefined,
    metrics: names("metrics"),
    percentiles: names("percentiles"),
  };
}

/** The figures under the names that pages know. */
function metricsJson(metrics: Awaited<ReturnType<FetchMetrics>>) {
  const { serverId, serverName, period, uptime, latency, requests, memory, views, installs } = metrics;
  const { otherMetrics, ...totals } = metrics.totals;
  return {
    server_id: serverId,
    server_name: serverName,
    period: period.name,
    uptime: seriesJson(uptime),
    latency: seriesJson(latency),
    requests: seriesJson(requests),
    memory: seriesJson(memory),
    views: seriesJson(views),
    installs: seriesJson(installs),
    other_metrics: Object.fromEntries(
      [...metrics.otherMetrics].map(([name, series]) => [name, seriesJson(series)]),
    ),
    totals: { ...totals, other_metrics: otherMetrics },
  };
}

/** Points with their percentiles beside the value. */
function seriesJson(series: ServerMetricSeries) {
  return series.map(({ timestampMs, value, percentiles }) => ({
    timestamp: isoOf(timestampMs),
    value,
    ...percentiles,
  }));
}

/** Fields come in both spellings that clients have. */
async function trackUsage(
  { call, body, exchange }: AnonymousRequest,
  { operations }: RestService,
): Promise<RestAnswer> {
  const use = await readDirectoryJson(bytesOf(body));
  const { serverId, action, timestampMs } = await operations.directory.trackUsage(call, {
    serverIds: [use.server_id, use.serverId],
    action: use.action,
    userId: use.user_id ?? use.userId,
    toolId: use.tool_id ?? use.toolId,
    details: use.details,
    userAgent: headerOf(exchange.request, "user-agent"),
  });
  return success({ recorded: true, server_id: serverId, action, timestamp: isoOf(timestampMs) });
}

/** For schedulers of the predecessor, which call it once a day. */
async function aggregate({ call, body }: KeyedRequest, { operations }: RestService): Promise<RestAnswer> {
  const bytes = bytesOf(body);
  // What calls it by the clock may send nothing at all.
  const asked = bytes.length === 0 ? {} : await readDirectoryJson(bytes);
  const { apiKeyId, prefix, service } = call.principal;
  const retentionDays = readDays(asked.retentionDays ?? asked.retention_days);
  const answer = await operations.directory.aggregate(
    { apiKeyId, prefix, service },
    { date: asked.date, retentionDays },
  );
  return success({
    date: answer.date,
    metrics_aggregated: answer.metricsAggregated,
    retention_days: answer.retentionDays,
  });
}

/** @throws {ServiceError} `validation_failed` when it is no number. */
function readDays(days: unknown): number | undefined {
  if (days === undefined || days === null) return undefined;
  if (typeof days === "number") return days;
  const message = "retentionDays must be a number";
  throw invalidField("retentionDays", "invalid", message);
}

/** An absent body is an empty one. */
function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
