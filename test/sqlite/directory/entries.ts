import { DirectoryWriter } from "../../../src/sqlite/directory/directory-writer.ts";
import { registerServer } from "../../../src/sqlite/directory/servers.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { DirectoryEntry, ServerPoint } from "../../../src/store/directory.ts";
import { entry as entryOf, newServer, point, serverKey } from "../../store/directory-entries.ts";
import { NOW_MS } from "../../support/time.ts";
import { openMigrated } from "../databases.ts";

/** A new database with servers of these ids, numbered from 1. */
export function openDirectory(ids: readonly string[] = ["one", "two"]) {
  const database = openMigrated();
  for (const id of ids) register(database, id);
  return { database, store: new DirectoryWriter(database) };
}

export function register(database: Database, id: string) {
  return database.transaction(() => registerServer(database, newServer(id), serverKey(id), NOW_MS));
}

/** What a Collect of server 1 adds. */
export function entry(points: readonly ServerPoint[], more: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return entryOf({ server: 1, points, ...more });
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
