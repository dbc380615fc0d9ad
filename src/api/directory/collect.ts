/**
 * Collect: one server's metrics. Follow it from here down:
 *
 *   whose     server-access.ts                   the server of the key             401 404
 *   signed    signature.ts                       over the bytes as they came       401
 *   allowed   the server's own switch                                              403
 *   valid     read-metric.ts                     metric by metric                  422
 *   stored    ingest/group-commit.ts → store/directory.ts                          503
 */
import { hash } from "node:crypto";
import type { Call } from "../../access/call.ts";
import { ServiceError, type Violation, validationFailed } from "../../errors.ts";
import { readServerMetric } from "../../ingest/read-server-metric.ts";
import { readIdempotencyKey } from "../../ingest/validate.ts";
import {
  describeRejection,
  type Reject,
  type Rejection,
  readTime,
  toViolation,
  type ValidatedMetrics,
  validateEach,
} from "../../ingest/validate-fields.ts";
import type { DirectoryEntry, ServerPoint } from "../../store/directory.ts";
import type { StoredAnswer } from "../../store/metrics.ts";
import type { SubmitObserver } from "../submit.ts";
import type { MetricNames } from "./metric-names.ts";
import { malformed, readServerId } from "./read-request.ts";
import { serverOf } from "./server-access.ts";
import type { RegisteredServer, ServerRegistry } from "./server-registry.ts";
import { verifiedSignature } from "./signature.ts";

/** A submission as it came in, whatever the door: nothing in it has been checked. */
export interface SubmittedCollect {
  /** Everywhere the request may have one. */
  readonly serverIds: readonly unknown[];
  /** A list of metrics; each is validated by itself. */
  readonly metrics: unknown;
  /** Of metrics that have none of their own. */
  readonly timestamp: unknown;
  /** Names the request, so that sending it again stores nothing; absent: it is not remembered. */
  readonly idempotencyKey: unknown;
  /** What was signed, and the signature; undefined where the door had no bytes. */
  readonly signed: { readonly bytes: Uint8Array; readonly signature: string | undefined } | undefined;
}

/** What became of a request, under names that every protocol writes in its own way. */
export interface CollectAnswer {
  /** The server that the metrics are stored for. */
  readonly serverId: string;
  /** Metrics in the request. */
  readonly processed: number;
  /** Metrics stored. */
  readonly inserted: number;
  /** ms since 1970 UTC: when it was received. */
  readonly timestampMs: number;
  /** The rules that were broken, metric by metric. */
  readonly rejections: readonly Rejection[];
  /** Metrics that were rejected. */
  readonly rejected: number;
  /** `metrics[3].value: …` */
  readonly errors: readonly string[];
  /** What is odd about metrics that were stored, such as a time in the future. */
  readonly warnings: readonly string[];
  /** The same request was stored before; this is what it was answered. */
  readonly isDuplicate: boolean;
}

/** Stores the metrics that a server has sent of itself. */
export type Collect = (call: Call, submitted: SubmittedCollect) => Promise<CollectAnswer>;

/** What `createCollect` is made of. */
export interface CollectDeps {
  /** Knows the servers, with the secrets that their signatures are verified with. */
  readonly registry: ServerRegistry;
  /** Bounds how many metrics of different names a server may have. */
  readonly names: MetricNames;
  /** Resolves once the entry is on disk; to the earlier answer where the request was stored before. */
  readonly enqueue: (entry: DirectoryEntry) => Promise<StoredAnswer | undefined>;
  /** ms since 1970 UTC. */
  readonly wallMs: () => number;
  /** Metrics of one request; those beyond are rejected. */
  readonly metricsMax: number;
  /** What becomes of requests and their metrics. */
  readonly observer: Pick<SubmitObserver, "onRejected" | "onAnswer">;
}

/**
 * @throws {ServiceError} `malformed_body`, `api_key_invalid`, `not_found`, `signature_invalid`,
 *   `metrics_disabled`, `validation_failed`, `idempotency_conflict`, `queue_full`, `storage_unavailable`,
 *   `shutting_down`: nothing is stored.
 */
export function createCollect(deps: CollectDeps): Collect {
  const { registry, names, enqueue, wallMs, metricsMax } = deps;
  async function collect(call: Call, submitted: SubmittedCollect): Promise<CollectAnswer> {
    const serverId = readServerId(...submitted.serverIds) ?? malformed("Server ID is required");
    const server = serverOf(registry, call.principal, serverId);
    const signature = checkSignature(server, submitted.signed);
    if (!server.record.metricsEnabled) {
      throw new ServiceError("metrics_disabled", "Metrics collection is disabled for this server");
    }
    const receivedMs = wallMs();
    const envelope = readEnvelope(submitted, receivedMs);
    const admitName = await names.admitterOf(server.record.number);
    const { defaultMs } = envelope;
    const extra = { nowMs: receivedMs, defaultMs, admitName };
    const validated = validateEach(envelope.metrics, metricsMax, extra, readServerMetric);
    const warnings = [...envelope.warnings, ...validated.warnings];
    const answer = describe(serverId, envelope.metrics.length, { ...validated, warnings }, receivedMs);
    const idempotency = identify(call, server, submitted, envelope.idempotencyKey, signature);
    const earlier = await enqueue({
      server: server.record.number,
      points: validated.accepted,
      isCollected: true,
      events: [],
      uses: [],
      receivedMs,
      idempotency: idempotency && { ...idempotency, answer: JSON.stringify(answer) },
    });
    if (earlier !== undefined) return repeat(earlier, idempotency?.fingerprint);
    return answer;
  }

  return async (call, submitted) => {
    try {
      const answer = await collect(call, submitted);
      const { inserted: accepted, serverId, rejected, isDuplicate } = answer;
      const rejections = answer.rejections.map(toViolation);
      if (!isDuplicate) deps.observer.onAnswer(call, serverId, { accepted, rejected, rejections });
      return answer;
    } catch (error) {
      if (error instanceof ServiceError) deps.observer.onRejected(error.violations);
      throw error;
    }
  };
}

/** The signature, once it is known to be right; undefined where the server has no secret to sign with. */
function checkSignature(
  { webhookSecret }: RegisteredServer,
  signed: SubmittedCollect["signed"],
): string | undefined {
  if (webhookSecret === undefined) return undefined;
  const isReadable = webhookSecret !== "unreadable" && signed !== undefined;
  const signature = isReadable ? verifiedSignature(webhookSecret, signed.bytes, signed.signature) : undefined;
  if (signature === undefined) throw new ServiceError("signature_invalid", "Invalid webhook signature");
  return signature;
}

/** What holds for the request as a whole. @throws {ServiceError} `malformed_body`, `validation_failed` */
function readEnvelope({ metrics, timestamp, idempotencyKey: key }: SubmittedCollect, nowMs: number) {
  if (!Array.isArray(metrics) || metrics.length === 0) malformed("Metrics data is required");
  const violations: Violation[] = [];
  const warnings: string[] = [];
  const reject: Reject = (field, reason, message) => void violations.push({ field, reason, message });
  const defaultMs = readTime(timestamp, { nowMs, reject, warn: (message) => void warnings.push(message) });
  const idempotencyKey = readIdempotencyKey(key, reject);
  if (violations.length > 0) throw validationFailed(violations);
  return { metrics, defaultMs: defaultMs ?? nowMs, idempotencyKey, warnings };
}

/** The answer as it is also kept for the same request sent again. */
function describe(
  serverId: string,
  processed: number,
  { accepted, rejections, rejected, warnings }: ValidatedMetrics<ServerPoint>,
  timestampMs: number,
): CollectAnswer {
  return {
    serverId,
    processed,
    inserted: accepted.length,
    timestampMs,
    rejections,
    rejected,
    errors: rejections.map(describeRejection),
    warnings,
    isDuplicate: false,
  };
}

/**
 * What the request is remembered by, so that whoever sends it again stores nothing: its signature where it
 * has one, which nobody else can make and no retry changes; else its idempotency key.
 */
function identify(
  { principal }: Call,
  { record }: RegisteredServer,
  { metrics, timestamp }: SubmittedCollect,
  key: string | undefined,
  signature: string | undefined,
) {
  // Of the server, whichever of its keys it comes with.
  if (signature !== undefined) {
    return { apiKeyId: 0, key: `signature ${record.number} ${signature}`, fingerprint: signature };
  }
  if (key === undefined) return undefined;
  const fingerprint = hash("sha256", JSON.stringify([record.id, timestamp ?? null, metrics]), "base64url");
  return { apiKeyId: principal.apiKeyId, key, fingerprint };
}

/** @throws {ServiceError} `idempotency_conflict` for another request. */
function repeat(earlier: StoredAnswer, fingerprint: string | undefined): CollectAnswer {
  if (earlier.fingerprint !== fingerprint) {
    throw new ServiceError("idempotency_conflict", "this idempotency key was used with another request");
  }
  return { ...(JSON.parse(earlier.answer) as CollectAnswer), isDuplicate: true };
}
