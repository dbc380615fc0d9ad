import type { Directory } from "../../../api/directory/directory.ts";
import type { FetchMetrics, FetchRequest, Series } from "../../../api/directory/fetch-metrics.ts";
import { RULES } from "../../../api/rules.ts";
import { ServiceError } from "../../../errors.ts";
import type { RestAnswer } from "../../http/answer.ts";
import type { RestCall, RestMethods, RestRequest, RestVisit } from "../../http/rest-handler.ts";
import { AGGREGATE, collectDocument, fetchDocument, TRACK_USAGE } from "./documents.ts";
import { collectFromJson, readDirectoryJson } from "./json.ts";

const FUNCTIONS = "/functions/v1";

const ok = (body: object): RestAnswer => ({ status: 200, body: { success: true, ...body } });
const isoOf = (ms: number) => new Date(ms).toISOString();

/** The directory as its functions' clients know it. What they have no function for is for RPCs. */
export function directoryRoutes(directory: Directory): readonly (readonly [string, RestMethods])[] {
  const collect = (place: "body" | "path"): RestMethods => ({
    POST: {
      rule: RULES.directory.collect,
      reads: "bytes",
      document: collectDocument(place),
      answer: (call) => collectMetrics(directory, call),
    },
  });
  const fetch = (place: "query" | "path"): RestMethods => ({
    GET: {
      rule: RULES.directory.fetchMetrics,
      reads: "nothing",
      document: fetchDocument(place),
      answer: (visit) => fetchMetrics(directory, visit),
    },
  });
  return [
    [`${FUNCTIONS}/metrics-collect`, collect("body")],
    [`${FUNCTIONS}/metrics-collect/{server_id}`, collect("path")],
    [`${FUNCTIONS}/metrics-fetch`, fetch("query")],
    ["/servers/{server_id}/metrics", fetch("path")],
    [
      `${FUNCTIONS}/usage-track`,
      {
        POST: {
          rule: RULES.directory.trackUsage,
          reads: "bytes",
          document: TRACK_USAGE,
          answer: (visit) => trackUsage(directory, visit),
        },
      },
    ],
    [
      `${FUNCTIONS}/metrics-aggregate`,
      {
        POST: {
          rule: RULES.directory.aggregate,
          reads: "bytes",
          document: AGGREGATE,
          answer: (call) => aggregate(directory, call),
        },
      },
    ],
  ];
}

async function collectMetrics({ collect }: Directory, call: RestCall): Promise<RestAnswer> {
  const submitted = collectFromJson(bytesOf(call), {
    serverId: call.pathParameter,
    signature: call.header("x-webhook-signature") ?? call.header("x-signature"),
    idempotencyKey: call.header("idempotency-key"),
  });
  const answer = await collect(call, submitted);
  return ok({
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

async function fetchMetrics({ fetchMetrics: fetch }: Directory, visit: RestVisit): Promise<RestAnswer> {
  const found = await fetch(visit, readFetch(visit));
  const { isPublic, period } = found;
  const metrics = metricsJson(found);
  const headers = { "cache-control": `${isPublic ? "public" : "private"}, max-age=${period.maxAgeSeconds}` };
  // Once more at the top: the two generations of clients look for them in two places.
  return { ...ok({ metrics, ...metrics }), headers };
}

function readFetch({ query, pathParameter }: RestVisit): FetchRequest {
  const search = query();
  const names = (name: string) =>
    search
      .getAll(name)
      .flatMap((value) => value.split(","))
      .map((value) => value.trim())
      .filter((value) => value !== "");
  return {
    serverIds: [pathParameter, ...search.getAll("server_id"), ...search.getAll("serverId")],
    period: search.get("period") ?? undefined,
    metrics: names("metrics"),
    percentiles: names("percentiles"),
  };
}

function metricsJson(metrics: Awaited<ReturnType<FetchMetrics>>) {
  const { serverId, serverName, period, uptime, latency, requests, memory, views, installs } = metrics;
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
  };
}

function seriesJson(series: Series) {
  return series.map(({ timestampMs, value, percentiles }) => ({
    timestamp: isoOf(timestampMs),
    value,
    ...percentiles,
  }));
}

async function trackUsage({ trackUsage: track }: Directory, visit: RestVisit): Promise<RestAnswer> {
  const body = readDirectoryJson(bytesOf(visit));
  const { serverId, action, timestampMs } = await track(visit, {
    serverIds: [body.server_id, body.serverId],
    action: body.action,
    userId: body.user_id ?? body.userId,
    toolId: body.tool_id ?? body.toolId,
    details: body.details,
    userAgent: visit.header("user-agent"),
  });
  return ok({ recorded: true, server_id: serverId, action, timestamp: isoOf(timestampMs) });
}

async function aggregate({ aggregate: run }: Directory, call: RestCall): Promise<RestAnswer> {
  const bytes = bytesOf(call);
  // What calls it by the clock may send nothing at all.
  const body = bytes.length === 0 ? {} : readDirectoryJson(bytes);
  const { apiKeyId, service } = call.principal;
  const retentionDays = readDays(body.retentionDays ?? body.retention_days);
  const answer = await run({ apiKeyId, service }, { date: body.date, retentionDays });
  return ok({
    date: answer.date,
    metrics_aggregated: answer.metricsAggregated,
    retention_days: answer.retentionDays,
  });
}

function readDays(days: unknown): number | undefined {
  if (days === undefined || days === null) return undefined;
  if (typeof days === "number") return days;
  const message = "retentionDays must be a number";
  throw new ServiceError("validation_failed", message, {
    violations: [{ field: "retentionDays", reason: "invalid", message }],
  });
}

function bytesOf({ body }: RestRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
