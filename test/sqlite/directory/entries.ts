import { DirectoryWriter } from "../../../src/sqlite/directory/directory-writer.ts";
import { registerServer } from "../../../src/sqlite/directory/servers.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { DirectoryEntry, ServerPoint } from "../../../src/store/directory.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";

/** A new database with servers of these ids, numbered from 1. */
export function openDirectory(ids: readonly string[] = ["one", "two"]) {
  const database = openMigrated();
  for (const id of ids) register(database, id);
  return { database, store: new DirectoryWriter(database) };
}

export function register(database: Database, id: string) {
  const server = { id, name: id, metricsEnabled: true, isPublic: false, tools: [] };
  const key = { keyHash: `hash of ${id}`, service: "directory", role: "server", serverId: id } as const;
  const limits = {
    rateLimit: 1,
    allowedServices: [],
    dailyUsageLimit: undefined,
    monthlyUsageLimit: undefined,
  };
  const more = { expiresMs: undefined, description: "" };
  return database.transaction(() =>
    registerServer(
      database,
      { ...server, webhookUrl: undefined, sealedSecret: undefined },
      { ...key, ...limits, ...more },
      NOW_MS,
    ),
  );
}

export function point(value: number, more: Partial<ServerPoint> = {}): ServerPoint {
  return { name: "response_time", type: "gauge", timestampMs: NOW_MS, value, tags: undefined, ...more };
}

/** What a Collect of server number `server` adds. */
export function entry(points: readonly ServerPoint[], more: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return {
    server: 1,
    points,
    isCollected: true,
    events: [],
    uses: [],
    receivedMs: NOW_MS,
    idempotency: undefined,
    ...more,
  };
}

/** One row of every table of the directory that ages, of this time; its server is made when it is first needed. */
export function storeServer(database: Database, ms: number): void {
  if (database.first("SELECT 1 FROM directory_servers") === undefined) register(database, "aging");
  new DirectoryWriter(database).commit(
    [
      entry([point(1, { timestampMs: ms })], {
        events: [
          {
            serverId: "aging",
            type: "restart",
            previousValue: undefined,
            newValue: undefined,
            details: "{}",
            recordedBy: "server",
            timestampMs: ms,
          },
        ],
        uses: [
          {
            serverId: "aging",
            userId: undefined,
            action: "view",
            toolId: undefined,
            details: "{}",
            clientInfo: "{}",
            timestampMs: ms,
          },
        ],
      }),
    ],
    NOW_MS,
  );
}
