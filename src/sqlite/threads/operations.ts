import { directoryOperations, directoryReads } from "../directory/operations.ts";
import type { Database } from "../file/database.ts";
import { fileOperations, probe } from "../file/operations.ts";
import { auditOperations, keyOperations } from "../keys/operations.ts";
import { metricOperations } from "../metrics/operations.ts";
import { queryReads } from "../query/operations.ts";
import { retentionOperations, retentionReads } from "../retention/operations.ts";
import { Rollups } from "../rollups/rollups.ts";
import { type AllCalls, type AllReads, createContext, createReadContext } from "./operation.ts";

/**
 * Everything that can be asked of the connection that writes, by domain. Made once a connection: it holds
 * what the writer keeps in memory (dictionaries, pending rollups), and reads the stored rollup keys first.
 */
export function createWriterOperations(database: Database, path: string) {
  const rollups = new Rollups(database);
  // Makes the log, so that both files are there when `createContext` notes which they are.
  probe(database);
  const context = createContext(database, path);
  return {
    metrics: metricOperations(context, rollups),
    keys: keyOperations(context),
    audit: auditOperations(context),
    directory: directoryOperations(context),
    retention: retentionOperations(context),
    file: fileOperations(context, path),
  };
}

/** Everything that can be asked of a connection that only reads, by domain. */
export function createReaderOperations(database: Database) {
  const context = createReadContext(database);
  return {
    queries: queryReads(context),
    directory: directoryReads(context),
    retention: retentionReads(context),
  };
}

/** The writer's operations as the main thread calls them. */
export type WriterCalls = AllCalls<ReturnType<typeof createWriterOperations>>;
/** The reader's operations as the main thread calls them. */
export type ReaderCalls = AllReads<ReturnType<typeof createReaderOperations>>;
