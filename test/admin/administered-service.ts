import { createClient } from "@connectrpc/connect";
import { AdminService } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { openRestDoors, openRpcDoors } from "../support/doors.ts";
import { ADMIN, storeMetrics } from "../support/http.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";

type Json = Record<string, unknown>;

/** A service with every door to its administration open. */
export async function openAdmin(env: Readonly<Record<string, string>> = {}) {
  const service = await startTestService(env);
  const restDoors = openRestDoors(service.url);
  const rpcDoors = openRpcDoors(service.url);
  const [rest] = restDoors;
  if (rest === undefined) throw new Error("no REST door");
  async function send(method: string, path: string, body?: object, headers = ADMIN) {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await rest?.send(method, path, { ...headers, ...type }, text);
    return { status: answer?.status, body: JSON.parse(answer?.text ?? "null") as Json };
  }
  return {
    service,
    restDoors,
    rpcDoors,
    clients: rpcDoors.map(({ name, transport }) => ({ name, admin: createClient(AdminService, transport) })),
    send,
    /** Store metrics of these ages, and have them rolled up. */
    async store(type: string, ...agesMs: readonly number[]): Promise<void> {
      const metrics = agesMs.map((age) => ({ type, value: 1, duration_ms: 5, timestamp: Date.now() - age }));
      await storeMetrics(service.url, metrics);
      await send("POST", "/flush", undefined, { "x-api-key": WRITER_KEY });
    },
    async close(): Promise<void> {
      for (const door of [...restDoors, ...rpcDoors]) door.close();
      await service.close();
    },
  };
}
