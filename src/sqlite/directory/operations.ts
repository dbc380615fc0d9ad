import type { AuditTrace } from "../../store/audit.ts";
import type {
  ChartQuery,
  DirectoryEntry,
  ListQuery,
  NewServer,
  ServerChange,
  ServerPage,
} from "../../store/directory.ts";
import type { NewApiKey } from "../../store/keys.ts";
import { audited } from "../keys/audit-store.ts";
import type { OperationContext, ReadContext } from "../threads/operation.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import { readChart } from "./read-chart.ts";
import { recomputeDay } from "./recompute-day.ts";
import { listEvents, listUses } from "./server-log.ts";
import {
  listMetricNames,
  listServers,
  registerServer,
  rotateServerKey,
  setServerSecret,
  updateServer,
} from "./servers.ts";

/**
 * What of `DirectoryStore` the writer thread carries out; long work in steps. What changes a server or its
 * key stands in the audit trail, in the same transaction.
 */
export function directoryOperations({ database, read, write, proof }: OperationContext) {
  const writer = new DirectoryWriter(database);
  return {
    commit: proof("insert", "server_metrics", (batch: readonly DirectoryEntry[], nowMs: number) =>
      writer.commit(batch, nowMs),
    ),
    list: read("select", "servers", (page?: ServerPage) => listServers(database, page)),
    listMetricNames: read("select", "server_series", (server: number) => listMetricNames(database, server)),
    register: write(
      "insert",
      "servers",
      (server: NewServer, key: NewApiKey, nowMs: number, trace: AuditTrace) =>
        audited(
          database,
          trace,
          () => registerServer(database, server, key, nowMs),
          (made) => ({ key_id: made.key.id }),
        ),
    ),
    update: write("update", "servers", (id: string, change: ServerChange, trace: AuditTrace) =>
      audited(database, trace, () => updateServer(database, id, change)),
    ),
    setSecret: write("update", "servers", (id: string, sealed: Uint8Array | undefined, trace: AuditTrace) =>
      audited(database, trace, () => setServerSecret(database, id, sealed)),
    ),
    rotateKey: write(
      "update",
      "api_keys",
      (
        id: string,
        key: NewApiKey,
        times: { readonly oldExpiresMs: number; readonly nowMs: number },
        trace: AuditTrace,
      ) =>
        audited(
          database,
          trace,
          () => rotateServerKey(database, id, key, times),
          ({ replacement }) => ({ key_id: replacement.id }),
        ),
    ),
    recomputeDayStep: write(
      "upsert",
      "server_metrics_daily",
      (day: number, nowMs: number, cursor: number | undefined) => recomputeDay(database, day, nowMs, cursor),
    ),
  };
}

/** What of `DirectoryStore` the reader thread carries out: what may read many rows. */
export function directoryReads({ database, query }: ReadContext) {
  return {
    chart: query("server_metrics", (asked: ChartQuery, budget) => readChart(database, asked, budget)),
    listEvents: query("server_events", (asked: ListQuery) => listEvents(database, asked)),
    listUses: query("server_usage", (asked: ListQuery) => listUses(database, asked)),
  };
}
