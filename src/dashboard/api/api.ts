import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { DirectoryService } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { AdminService } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";

/** The service's RPCs, as the generated stubs have them. */
export interface Api {
  readonly metrics: Client<typeof MetricsService>;
  readonly query: Client<typeof QueryService>;
  readonly admin: Client<typeof AdminService>;
  readonly directory: Client<typeof DirectoryService>;
}

/** Longer than the service lets a query run, so that its own answer says what was too much. */
const TIMEOUT_MS = 30_000;

/** Binary: a quarter of JSON's bytes, and NaN is a number in it. */
export function createApi(baseUrl: string, key: () => string | undefined): Api {
  const authenticate: Interceptor = (next) => (request) => {
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
    directory: createClient(DirectoryService, transport),
  };
}
