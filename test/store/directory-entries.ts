/** Servers of the directory, and what their requests add to it. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/lib/time.ts";
import type {
  ChartAnswer,
  ChartQuery,
  DirectoryEntry,
  NewServer,
  ServerEvent,
  ServerPoint,
  ServerUse,
} from "../../src/store/directory.ts";
import type { NewApiKey } from "../../src/store/keys.ts";
import type { Store, StoreOperations } from "../../src/store/store.ts";
import { NOW_MS } from "../support/time.ts";
import { ownName, traceOf } from "./store-tests.ts";

export const newServer = (id: string, changes: Partial<NewServer> = {}): NewServer => ({
  id,
  name: id,
  metricsEnabled: true,
  isPublic: false,
  tools: [],
  webhookUrl: undefined,
  sealedSecret: undefined,
  ...changes,
});

export const serverKey = (serverId: string, changes: Partial<NewApiKey> = {}): NewApiKey => ({
  keyHash: ownName("hash"),
  service: "directory",
  role: "server",
  serverId,
  rateLimit: 1,
  allowedServices: [],
  dailyUsageLimit: undefined,
  monthlyUsageLimit: undefined,
  expiresMs: undefined,
  description: "",
  ...changes,
});

export const point = (value: number, more: Partial<ServerPoint> = {}): ServerPoint => ({
  name: "response_time",
  type: "gauge",
  timestampMs: NOW_MS,
  value,
  tags: undefined,
  ...more,
});

export const eventOf = (serverId: string, more: Partial<ServerEvent> = {}): ServerEvent => ({
  serverId,
  type: "restart",
  previousValue: undefined,
  newValue: undefined,
  details: "{}",
  recordedBy: "server",
  timestampMs: NOW_MS,
  ...more,
});

export const useOf = (serverId: string, more: Partial<ServerUse> = {}): ServerUse => ({
  serverId,
  userId: undefined,
  action: "view",
  toolId: undefined,
  details: "{}",
  clientInfo: "{}",
  timestampMs: NOW_MS,
  ...more,
});

/** What one request adds. */
export const entry = (more: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  server: undefined,
  points: [],
  isCollected: true,
  events: [],
  uses: [],
  receivedMs: NOW_MS,
  idempotency: undefined,
  ...more,
});

/** Register servers of these ids; sends entries to them. */
export async function createDirectorySender({ directory, keys }: StoreOperations, ids: readonly string[]) {
  const registered = [];
  for (const id of ids)
    registered.push(await directory.register(newServer(id), serverKey(id), NOW_MS, traceOf()));
  const [first] = registered;
  if (first === undefined) throw new Error("no server");
  return {
    servers: registered.map(({ server }) => server),
    commit: (...entries: readonly DirectoryEntry[]) => directory.commit(entries, NOW_MS),
    /** One row of this time in every table that ages by a time of its own. */
    async storeAged(ms: number): Promise<void> {
      const { id, number } = first.server;
      const [events, uses] = [[eventOf(id, { timestampMs: ms })], [useOf(id, { timestampMs: ms })]];
      const points = [point(1, { timestampMs: ms })];
      await directory.commit([entry({ server: number, points, events, uses })], NOW_MS);
      const used = {
        endpoint: "/",
        statusCode: 200,
        requestCount: 1,
        bytesProcessed: 1,
        durationMs: 1,
        lastMs: ms,
      };
      await keys.recordUsage({ log: [{ ...used, apiKeyId: first.key.id, minuteMs: ms }], daily: [] }, NOW_MS);
    },
  };
}

/** A server of its own, and another beside it: sends entries to it, and asks for its metrics of the last hour. */
export async function openOwnServer(store: Store) {
  const { servers, commit } = await createDirectorySender(store, [ownName("server"), ownName("server")]);
  const [server, other] = servers;
  if (server === undefined || other === undefined) throw new Error("no server");
  const { directory } = store;
  const { id, number } = server;
  const send = (...entries: readonly Partial<DirectoryEntry>[]) =>
    commit(...entries.map((each) => entry({ server: number, ...each })));
  const chart = (changes: Partial<ChartQuery> = {}) =>
    directory.chart({
      server: number,
      serverId: id,
      startMs: NOW_MS - HOUR_MS,
      endMs: NOW_MS + 1,
      stepMs: MINUTE_MS,
      names: undefined,
      quantiles: [],
      withUptime: false,
      ...changes,
    });
  const list = { serverId: id, beforeId: undefined, limit: 1000 };
  return { store, directory, server, other, id, number, send, chart, list };
}

export const valuesIn = ({ lines }: ChartAnswer) =>
  lines.map(({ name, points }) => [name, ...points.map(({ value }) => value)]);

/** The last days, by day. */
export const DAILY = {
  startMs: (Math.floor(NOW_MS / DAY_MS) - 5) * DAY_MS,
  stepMs: DAY_MS,
  quantiles: [0, 0.5, 1],
};
