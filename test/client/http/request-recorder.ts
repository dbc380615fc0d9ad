import { eventually } from "../../support/wait.ts";
import { openClient, type RestartableService, startService } from "../client-and-service.ts";

/** One row of `http_request`. */
export interface RequestRow {
  readonly method: unknown;
  readonly endpoint: unknown;
  readonly status: unknown;
  readonly requestBytes: unknown;
  readonly responseBytes: unknown;
  readonly durationMs: number;
}

/** A service, a client, and what the middleware has sent from one to the other. */
export async function openRecorder() {
  const service: RestartableService = await startService();
  const { client } = openClient({ url: service.url });
  return {
    client,
    /** Requests, oldest first, once there are `count`. */
    async requests(count: number): Promise<readonly RequestRow[]> {
      // An answer is complete for its client before it is closed for its server.
      await eventually(() => client.counts.emitted >= count);
      await client.flush();
      return service.rows().map((row) => {
        const dimensions = JSON.parse(String(row.dimensions));
        const metadata = JSON.parse(String(row.metadata));
        return {
          method: dimensions.method,
          endpoint: dimensions.endpoint,
          status: dimensions.status_code,
          requestBytes: metadata.request_size_bytes,
          responseBytes: metadata.response_size_bytes,
          durationMs: Number(row.duration_ms),
        };
      });
    },
  };
}

/** The same without what differs from run to run. */
export function withoutDuration({ durationMs, ...row }: RequestRow): Omit<RequestRow, "durationMs"> {
  return row;
}
