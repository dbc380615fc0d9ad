import type { ExportAnswer } from "../../src/api/export-metrics.ts";
import type { SubmitAnswer } from "../../src/api/submit.ts";
import { LIMITS } from "../../src/catalogue/limits.ts";
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { ServiceError } from "../../src/errors.ts";
import type { Attempt, ObservedProcess } from "./attempt.ts";
import type { Request, SubmitRequest } from "./requests.ts";
import type { StoredRow } from "./simulated-store.ts";

/** What is known of a metric that was submitted. */
export interface KnownMetric {
  readonly request: Request;
  /** Rows of it in the database. */
  rows: number;
  /** By the clock of the service. */
  storedMs: number;
}

/** What must be true of the database, from what clients were answered. */
export class Model {
  readonly problems: string[] = [];
  /** What happened, in order: of one seed always the same. */
  readonly trace: string[] = [];
  readonly attempts: Attempt[] = [];
  readonly metrics = new Map<number, KnownMetric>();
  /** By service: what its exports have added up to in the database, and what was sent at the most. */
  readonly totals = new Map<string, number>();
  readonly sentTotals = new Map<string, number>();
  /** By process: rows that were stored and not counted yet, by value and dimensions, and whose they are. */
  readonly uncounted = new Map<ObservedProcess, Map<string, Attempt[]>>();
  readonly #byRequestId = new Map<string, Attempt[]>();
  readonly #newestStored = new Map<ObservedProcess, number>();
  #newestNumber = 0;

  problem(message: string): void {
    this.problems.push(message);
    this.trace.push(`PROBLEM: ${message}`);
  }

  expect(isTrue: boolean, message: string): void {
    if (!isTrue) this.problem(message);
  }

  arrived(attempt: Attempt): void {
    const { request, identity } = attempt;
    this.attempts.push(attempt);
    this.expect(identity.requestNumber > this.#newestNumber, "request numbers grow");
    this.#newestNumber = identity.requestNumber;
    const alike = this.#byRequestId.get(identity.requestId) ?? [];
    this.#byRequestId.set(identity.requestId, [...alike, attempt]);
    this.trace.push(`${identity.requestId} ${request.kind} of ${request.principal.service}`);
    if (request.kind === "export") {
      const { service } = request.principal;
      this.sentTotals.set(service, Math.max(request.total, this.sentTotals.get(service) ?? 0));
    }
    for (const value of request.rows.keys())
      if (!this.metrics.has(value)) this.metrics.set(value, { request, rows: 0, storedMs: 0 });
  }

  /** A process begins: its numbers may repeat those that stored nothing. */
  processBegins(lastStoredNumber: number): void {
    this.#newestNumber = lastStoredNumber;
  }

  /** A transaction was committed, answered or not. */
  stored(process: ObservedProcess, rows: readonly StoredRow[], nowMs: number): void {
    const uncounted = this.uncounted.get(process) ?? new Map<string, Attempt[]>();
    this.uncounted.set(process, uncounted);
    const attempts = new Set<Attempt>();
    for (const row of rows) {
      const attempt = process.attempts.get(row.requestNumber);
      this.expect(attempt !== undefined, `a row of no request: ${row.requestNumber}`);
      if (attempt === undefined) continue;
      const [, , , , type = "", json = ""] = row.text.split("|");
      const name = nameOf(row.value, type, json);
      uncounted.set(name, [...(uncounted.get(name) ?? []), attempt]);
      attempts.add(attempt);
      if (attempt.request.kind === "submit" || attempt.request.rows.has(row.value))
        this.#storedMetric(attempt.request, row, nowMs);
      else {
        const { service } = attempt.request.principal;
        this.totals.set(service, (this.totals.get(service) ?? 0) + row.value);
      }
    }
    for (const attempt of attempts) {
      attempt.stored += 1;
      const { requestNumber, requestId } = attempt.identity;
      this.trace.push(`${requestId} is stored`);
      this.expect(attempt.state !== "failed", `${requestId} is stored after it failed`);
      if (attempt.request.kind === "export") continue;
      const newest = this.#newestStored.get(process) ?? 0;
      this.expect(requestNumber > newest, `${requestId} is stored in the order of arrival`);
      this.#newestStored.set(process, requestNumber);
    }
  }

  #storedMetric(request: Request, { value, text }: StoredRow, nowMs: number): void {
    const known = this.metrics.get(value);
    if (known?.request !== request) {
      this.problem(`metric ${value} is stored for another request`);
      return;
    }
    this.expect(text === request.rows.get(value), `metric ${value} is stored as it was sent: ${text}`);
    const isRepeatable = request.kind === "export" || request.key !== undefined;
    const isAnew = isRepeatable && nowMs >= known.storedMs + LIMITS.IDEMPOTENCY_MS;
    this.expect(known.rows === 0 || isAnew, `metric ${value} is stored twice`);
    known.rows += 1;
    known.storedMs = nowMs;
  }

  /** The exported series count measurements. */
  exported(
    process: ObservedProcess,
    sender: { readonly service: string; readonly owner: string },
    measurements: readonly Measurement[],
  ): void {
    if (!process.isAlive) return;
    const uncounted = this.uncounted.get(process);
    for (const { value, dimensions } of measurements) {
      const name = nameOf(value, dimensions.type.name, dimensions.json);
      const [attempt, ...others] = uncounted?.get(name) ?? [];
      if (attempt === undefined || sender.owner !== attempt.request.principal.service) {
        this.problem(`metric ${value} of ${sender.service} is counted, and not stored or counted before`);
        continue;
      }
      if (others.length > 0) uncounted?.set(name, others);
      else uncounted?.delete(name);
      if (attempt.request.kind === "submit") attempt.isDone = true;
    }
  }

  lost(process: ObservedProcess, requestNumber: number, metrics: number): void {
    const attempt = process.attempts.get(requestNumber);
    if (!process.isAlive || attempt?.request.kind !== "submit") return;
    this.trace.push(`${attempt.identity.requestId} is lost`);
    attempt.isLost = true;
    attempt.isDone = true;
    this.expect(metrics === attempt.request.rows.size, "as many are reported as lost as were");
    const hasCause = process.store.defects > 0 || (process.isClosing && process.store.failures > 0);
    this.expect(hasCause, "metrics are lost although they could be stored later");
  }

  answered(attempt: Attempt, answer: SubmitAnswer | ExportAnswer): void {
    const { request, identity, process } = attempt;
    this.trace.push(`${identity.requestId} is answered ${describe(answer)}`);
    attempt.state = "answered";
    if (request.kind === "export") {
      attempt.isDone = true;
      const total = this.totals.get(request.principal.service) ?? 0;
      if ((answer as ExportAnswer).rejected === 0)
        this.expect(
          total >= request.total,
          `${identity.requestId}: ${request.total} counted, ${total} stored`,
        );
      return;
    }
    const { duplicate, ...first } = answer as SubmitAnswer;
    const { accepted, rejected, request_id } = first;
    this.expect(!request.isForeign, `${identity.requestId} writes for another service`);
    this.expect(
      accepted === request.rows.size && rejected === request.rejected,
      `${identity.requestId}: counts`,
    );
    if (duplicate === true) {
      attempt.isDone = true;
      const origin = (this.#byRequestId.get(request_id) ?? []).find(({ stored }) => stored > 0);
      this.expect(
        request.key !== undefined && origin?.request === request,
        "a duplicate is of what was stored",
      );
      this.expect(attempt.stored === 0, "a duplicate is not stored");
      return;
    }
    this.expect(request_id === identity.requestId, "an answer names its request");
    const isBuffered = process.settings.acknowledge === "buffered" && request.key === undefined;
    if (isBuffered) return;
    attempt.isDone = true;
    this.expect(attempt.stored === 1, `${identity.requestId} is answered and stored ${attempt.stored} times`);
  }

  failed(attempt: Attempt, error: unknown, depth: number): void {
    const { request, identity, process } = attempt;
    attempt.state = "failed";
    attempt.isDone = true;
    const reason = error instanceof ServiceError ? error.reason : "defect";
    this.trace.push(`${identity.requestId} fails: ${reason} ${(error as Error).message}`);
    const { queuedMetricsMax, acknowledge } = process.settings;
    const metrics = request.kind === "submit" ? request.rows.size : request.sent.count;
    const isFull = depth + metrics > queuedMetricsMax || (acknowledge === "buffered" && depth > 0);
    const allowed: Readonly<Record<string, boolean>> = {
      storage_unavailable: process.store.failures > 0,
      // Exports wait for each other before they are queued.
      queue_full: isFull || request.kind === "export",
      shutting_down: process.isClosing,
      service_not_allowed: request.kind === "submit" && request.isForeign,
      validation_failed: request.kind === "submit" && request.rows.size === 0,
      idempotency_conflict: request.kind === "submit" && this.#isKeyOfAnother(request),
      defect: process.store.failures > 0,
    };
    this.expect(allowed[reason] === true, `${identity.requestId} fails without a cause: ${reason}`);
    // A part of an export that is stored counts; only a fatal error leaves open what it means.
    if (request.kind === "submit" && !process.store.isStuck)
      this.expect(attempt.stored === 0, `${identity.requestId} fails and is stored`);
  }

  #isKeyOfAnother(request: SubmitRequest): boolean {
    return this.attempts.some(
      ({ request: other, stored }) =>
        stored > 0 &&
        other.kind === "submit" &&
        other !== request &&
        other.key === request.key &&
        other.principal === request.principal,
    );
  }

  /** Returns what is to be called when the flush has ended. */
  flushBegins(process: ObservedProcess): (error?: unknown) => void {
    const before = [...process.attempts.values()].filter(
      ({ request, state }) => request.kind === "submit" && state !== "failed",
    );
    const { failures } = process.store;
    return (error) => {
      this.trace.push(`a flush ends${error === undefined ? "" : " in vain"}`);
      if (error !== undefined)
        return this.expect(process.store.failures > failures, "a flush fails only with storage");
      for (const { identity, stored, state, isDone } of before) {
        const isStored = stored > 0 || state === "failed" || isDone;
        this.expect(isStored, `${identity.requestId} waits after a flush`);
      }
    };
  }

  closed(process: ObservedProcess, error: unknown): void {
    this.trace.push("closed");
    this.expect(error === undefined, "a close reports what fails, and ends");
    this.expect(process.depth === 0, `${process.depth} metrics wait after the close`);
  }

  closeFailed(process: ObservedProcess, name: string, error: unknown): void {
    this.trace.push(`close of ${name}: ${(error as Error).message}`);
    this.expect(process.store.failures > 0, "a close fails only with storage");
  }
}

function nameOf(value: number, type: string, json: string): string {
  return `${value} ${type} ${json}`;
}

function describe(answer: SubmitAnswer | ExportAnswer): string {
  if (!("status" in answer)) return answer.rejected === 0 ? "in full" : `but for ${answer.rejected} points`;
  return answer.duplicate === true ? `as ${answer.request_id} was` : `${answer.accepted} accepted`;
}
