import type { ObservedProcess } from "./attempt.ts";
import type { Model } from "./model.ts";

/** What must be true of a process that nothing waits in. */
export function audit(model: Model, process: ObservedProcess): void {
  const { store } = process;
  for (const { state, identity } of process.attempts.values())
    model.expect(state !== "waiting", `${identity.requestId} is never answered`);
  auditSubmissions(model, process);
  if (store.isStuck) return;
  const uncounted = model.uncounted.get(process)?.size ?? 0;
  model.expect(uncounted === 0, `${uncounted} stored metrics are not counted`);
  model.expect(
    process.commitMetrics === store.rowsSent,
    `${store.rowsSent} metrics went into transactions, and ${process.commitMetrics} are counted`,
  );
}

/** A metric is counted with so many at least; half of all bytes are for bodies. */
const METRIC_BYTES_MIN = 200;

/** The service must count as waiting what was taken in and is neither stored nor rejected. */
export function auditDepth(model: Model, { attempts, depth, settings }: ObservedProcess): void {
  model.expect(depth >= 0 && depth <= settings.queuedMetricsMax, `${depth} metrics wait`);
  let waiting = 0;
  let largest = 0;
  let isExporting = false;
  for (const { request, isDone } of attempts.values()) {
    if (isDone) continue;
    largest = Math.max(largest, request.rows.size);
    if (request.kind === "submit") waiting += request.rows.size;
    else isExporting = true;
  }
  model.expect(isExporting || depth === waiting, `${waiting} metrics wait, and ${depth} are counted`);
  const isBounded = depth <= largest || depth * METRIC_BYTES_MIN <= settings.bytesInFlightMax / 2;
  model.expect(settings.acknowledge === "durable" || isBounded, `${depth} metrics take too many bytes`);
}

/** What must be true of submissions once nothing waits in the queue; exports may be on their way there. */
export function auditSubmissions(model: Model, process: ObservedProcess): void {
  for (const { request, identity, state, isDone, isLost, stored } of process.attempts.values()) {
    if (request.kind === "export") continue;
    const name = identity.requestId;
    model.expect(state !== "waiting", `${name} is never answered`);
    model.expect(isDone, `${name} stays in the queue`);
    if (isLost && !process.store.isStuck) model.expect(stored === 0, `${name} is lost and stored`);
    const isBuffered = process.settings.acknowledge === "buffered" && request.key === undefined;
    if (state === "answered" && isBuffered)
      model.expect(stored === 1 || isLost, `${name} was answered and is stored ${stored} times`);
  }
}

/** What must be true in the end, of all processes together, those that were killed too. */
export function auditDatabase(model: Model): void {
  for (const { request, process, identity, state, stored } of model.attempts) {
    const name = identity.requestId;
    model.expect(stored <= 1, `${name} is stored ${stored} times`);
    if (request.kind === "export" || state !== "answered") continue;
    for (const value of request.rows.keys()) {
      const rows = model.metrics.get(value)?.rows ?? 0;
      const isBuffered = process.settings.acknowledge === "buffered" && request.key === undefined;
      if (!isBuffered) model.expect(rows > 0, `metric ${value} of ${name} was answered and is not stored`);
    }
  }
}
