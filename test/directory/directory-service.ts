/** A whole service with the servers of a directory, and every door to them open. */

import { createHmac } from "node:crypto";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { DirectoryService } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { openRestDoors, openRpcDoors, type RestDoor } from "../support/doors.ts";
import { ADMIN, type JsonAnswer, type RequestBody, type RequestHeaders, send } from "../support/http.ts";
import { createReaderKey, startTestService, type TestService } from "../support/service.ts";
import { readRows } from "../support/sql.ts";

export const COLLECT = "/functions/v1/metrics-collect";
export const FETCH = "/functions/v1/metrics-fetch";
export const TRACK = "/functions/v1/usage-track";
export const AGGREGATE = "/functions/v1/metrics-aggregate";
export const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export type Json = Record<string, unknown>;

/** What a server's own key is sent as, and its webhook secret where it has one. */
export interface Registered {
  readonly id: string;
  readonly key: RequestHeaders;
  readonly secret: string;
}

export interface DirectoryContext {
  readonly service: TestService;
  readonly reader: RequestHeaders;
  /** Over HTTP/1.1 with a reason where it may fail; headers are all that is sent beside the body. */
  readonly send: (
    method: string,
    path: string,
    headers: RequestHeaders,
    body?: RequestBody,
  ) => Promise<JsonAnswer>;
  readonly restDoors: readonly RestDoor[];
  readonly clients: readonly { readonly name: string; readonly directory: Client<typeof DirectoryService> }[];
  readonly transport: Transport;
  /** The first of `clients`. */
  readonly rpc: Client<typeof DirectoryService>;
  readonly register: (
    id: string,
    more?: { isPublic?: boolean; signed?: boolean; tools?: string[] },
  ) => Promise<Registered>;
  readonly close: () => Promise<void>;
}

export async function openDirectory(
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<DirectoryContext> {
  const service = await startTestService(env, clock);
  const restDoors = openRestDoors(service.url);
  const rpcDoors = openRpcDoors(service.url);
  const clients = rpcDoors.map(({ name, transport }) => ({
    name,
    directory: createClient(DirectoryService, transport),
  }));
  const rpc = clients[0]?.directory as Client<typeof DirectoryService>;
  return {
    service,
    reader: { "x-api-key": await createReaderKey(service) },
    restDoors,
    clients,
    rpc,
    transport: rpcDoors[0]?.transport as Transport,
    send(method, path, headers, body) {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      return send(method, service.url + path, { ...type, ...headers }, body);
    },
    async register(id, { isPublic = false, signed = false, tools = [] } = {}) {
      const secret = signed ? { case: "generateWebhookSecret" as const, value: {} } : { case: undefined };
      const { apiKey, webhookSecret } = await rpc.registerServer(
        { serverId: id, name: `Server ${id}`, isPublic, tools, secret },
        { headers: { ...ADMIN } },
      );
      return { id, key: { "x-api-key": apiKey }, secret: webhookSecret };
    },
    async close() {
      for (const door of [...restDoors, ...rpcDoors]) door.close();
      await service.close();
    },
  };
}

export const sign = (secret: string, body: string | Buffer): string =>
  createHmac("sha256", secret).update(body).digest("hex");

/** Metrics that are stored of a server. */
export const countOf = ({ service }: DirectoryContext, server: string) =>
  Number(
    readRows(
      service.databasePath,
      "SELECT count(*) AS count FROM server_metrics WHERE server_id = ?",
      server,
    )[0]?.count,
  );
