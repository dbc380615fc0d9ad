import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AdminService } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";

/** Longer than the service lets a query run, so that its own answer says what was too much. */
const TIMEOUT_MS = 30000;
/** Binary: a quarter of JSON's bytes, and NaN is a number in it. */
export function createApi(baseUrl, key) {
  const authenticate = (next) => (request) => {
    const given = key();
    if (given !== undefined) request.header.set("x-api-key", given);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl,
    useBinaryFormat: true,
    defaultTimeoutMs: TIMEOUT_MS,
    interceptors: [authenticate],
  });
  return {
    metrics: createClient(MetricsService, transport),
    query: createClient(QueryService, transport),
    admin: createClient(AdminService, transport),
  };
}
