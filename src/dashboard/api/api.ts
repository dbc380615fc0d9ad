import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { DirectoryService } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { AdminService } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";

/**
 * Clients of the service's RPCs, generated from the schema in `proto/`. The page has no other source of data,
 * so whatever it shows can be asked for with any gRPC or Connect client.
 */
export interface Api {
  /** Series, rankings, summaries and single metrics: what all views but the last three show. */
  readonly query: Client<typeof QueryService>;
  /**
   * Keys, retention and the database's size. Only admin keys may call it; the sidebar offers those views to
   * no other.
   */
  readonly admin: Client<typeof AdminService>;
  /** The servers of an MCP directory and their figures. */
  readonly directory: Client<typeof DirectoryService>;
}

/**
 * Milliseconds until a call is given up. Longer than METRICS_QUERY_TIMEOUT_SECONDS by default, so that a slow
 * query ends with the service's own message, which says how to make it shorter.
 */
const TIMEOUT_MS = 30_000;

/**
 * Clients over the Connect protocol with binary messages: they are a quarter of the size of JSON, and NaN,
 * which means "nothing to say" in the answers, needs no special spelling.
 *
 * @param baseUrl where the service's paths begin, with a slash at its end. A proxy may have added a prefix.
 * @param key read at each call, so that signing in or out needs no new clients.
 */
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
    query: createClient(QueryService, transport),
    admin: createClient(AdminService, transport),
    directory: createClient(DirectoryService, transport),
  };
}
