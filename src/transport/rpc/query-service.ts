import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { QueryService, SummaryGroup } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import type { Queries } from "../../api/query/queries.ts";
import { admittedOf } from "./context.ts";
import { fromSelection, toEvent, toRange, toSources } from "./query-messages.ts";
import { toDurationMs } from "./times.ts";

/** Without the unspecified one: JSON with a group we do not know arrives as that. */
const FROM_GROUP: Readonly<Record<number, "service" | "type">> = {
  [SummaryGroup.SERVICE]: "service",
  [SummaryGroup.TYPE]: "type",
};

/** QueryService over the queries. */
export function queryServiceRoutes(queries: Queries): (router: ConnectRouter) => void {
  const implementation: ServiceImpl<typeof QueryService> = {
    async querySeries(request, context) {
      const { step, groupBy, statistics } = request;
      const asked = { ...fromSelection(request), stepMs: toDurationMs(step), groupBy, statistics };
      const answer = await queries.querySeries(admittedOf(context).call, asked, context.signal);
      const { startMs } = answer.range;
      return {
        range: toRange(answer.range),
        step: durationFromMs(answer.stepMs),
        timestamps: Array.from({ length: answer.points }, (_, point) =>
          timestampFromMs(startMs + point * answer.stepMs),
        ),
        series: answer.series.map(({ labels, columns }) => ({
          labels: Object.fromEntries(labels),
          columns: columns.map(({ statistic, values }) => ({ statistic, values: [...values] })),
        })),
        sources: toSources(answer.sources),
      };
    },
    async topValues(request, context) {
      const { dimension, by, limit, statistics } = request;
      const asked = { ...fromSelection(request), dimension, by, limit, statistics };
      const answer = await queries.topValues(admittedOf(context).call, asked, context.signal);
      return {
        range: toRange(answer.range),
        rows: answer.rows.map(({ name, statistics }) => ({ value: name, statistics })),
        sources: toSources(answer.sources),
      };
    },
    async summary(request, context) {
      const { group, statistics } = request;
      const asked = { ...fromSelection(request), group: FROM_GROUP[group], statistics };
      const answer = await queries.summary(admittedOf(context).call, asked, context.signal);
      return {
        range: toRange(answer.range),
        rows: [...answer.rows],
        totals: answer.totals,
        sources: toSources(answer.sources),
      };
    },
    async listDimensionValues(request, context) {
      const { dimension, prefix, pageSize, pageToken } = request;
      const asked = { ...fromSelection(request), dimension, prefix, pageSize, pageToken };
      const answer = await queries.listDimensionValues(admittedOf(context).call, asked, context.signal);
      return {
        values: answer.values.map(({ value, count }) => ({ value, count: BigInt(count) })),
        nextPageToken: answer.nextPageToken,
        range: toRange(answer.range),
        sources: toSources(answer.sources),
      };
    },
    async listEvents(request, context) {
      const { pageSize, pageToken } = request;
      const asked = { ...fromSelection(request), pageSize, pageToken };
      const answer = await queries.listEvents(admittedOf(context).call, asked, context.signal);
      return { events: answer.events.map(toEvent), nextPageToken: answer.nextPageToken };
    },
    listMetricTypes: () => ({
      types: queries.listMetricTypes().map((type) => ({ ...type, dimensions: [...type.dimensions] })),
    }),
    async *exportEvents(request, context) {
      const { call } = admittedOf(context);
      for await (const events of queries.exportEvents(call, fromSelection(request), context.signal)) {
        yield { events: events.map(toEvent) };
      }
    },
  };
  return (router) => void router.service(QueryService, implementation);
}
