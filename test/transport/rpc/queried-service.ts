/** A service with metrics of two services in it, and clients of its queries. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { HOUR_MS } from "../../../src/lib/time.ts";
import { openRpcDoors, type RpcDoor } from "../../support/doors.ts";
import { storeMetrics } from "../../support/http.ts";
import {
  ADMIN_KEY,
  ALPHA_KEY,
  BETA_KEY,
  createReaderKey,
  startTestService,
  TWO_SERVICES,
} from "../../support/service.ts";

export type QueryClient = Client<typeof QueryService>;

/** The beginning of an hour that is over. */
export const BASE_MS = Math.floor(Date.now() / HOUR_MS - 2) * HOUR_MS;

/** The hour that `submitTools` writes into. */
export const RANGE = { start: timestampFromMs(BASE_MS), end: timestampFromMs(BASE_MS + HOUR_MS) };

export async function setup(env: Readonly<Record<string, string>> = {}) {
  const service = await startTestService({ ...TWO_SERVICES, ...env });
  const doors = openRpcDoors(service.url);
  const submit = (key: string, name: string, metrics: readonly object[]) =>
    storeMetrics(service.url, metrics, { key, service: name });
  return {
    ...service,
    doors,
    submit,
    readerKey: await createReaderKey(service),
    client: (door: RpcDoor): QueryClient => createClient(QueryService, door.transport),
    as: (key: string) => ({ headers: { "x-api-key": key } }),
    /** Ten executions of alpha's tool `sort` and five of beta's tool `find`, in one hour; one of each failed. */
    async submitTools() {
      const tool = (tool_name: string, index: number) => ({
        type: "tool_execution",
        value: 1,
        duration_ms: 10 * (index + 1),
        timestamp: BASE_MS + index * 60_000,
        dimensions: { tool_name, success: index > 0, server_name: "s1" },
      });
      await submit(
        ALPHA_KEY,
        "alpha",
        Array.from({ length: 10 }, (_, index) => tool("sort", index)),
      );
      await submit(
        BETA_KEY,
        "beta",
        Array.from({ length: 5 }, (_, index) => tool("find", index)),
      );
    },
    async close() {
      for (const door of doors) door.close();
      await service.close();
    },
  };
}

/** Options of a call as the admin. */
export const AS_ADMIN = { headers: { "x-api-key": ADMIN_KEY } };

/** `reason field, field` of the failure that a call must end in. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof ConnectError)) throw new Error(`it did not fail: ${error}`);
  const fields = error.findDetails(BadRequestSchema).flatMap((each) => each.fieldViolations);
  const reason = error.findDetails(ErrorInfoSchema)[0]?.reason;
  return `${reason} ${[...new Set(fields.map(({ field }) => field))].join(", ")}`.trim();
}
