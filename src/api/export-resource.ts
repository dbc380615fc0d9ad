import type { Call } from "../access/call.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import type { Violation } from "../errors.ts";
import type { DimensionSets } from "../ingest/dimension-sets.ts";
import { type ValidSource, validateSource } from "../ingest/validate.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { YieldingLoop } from "../lib/yielding-loop.ts";
import {
  createSeriesKeys,
  decodeLastPoint,
  encodeLastPoint,
  isCumulativePoint,
  isUnchanged,
  type LastPoint,
} from "../otlp/cumulative-series.ts";
import type { ResourcePoints } from "../otlp/data-point.ts";
import { describeRejections } from "../otlp/describe-rejections.ts";
import { SDK_ATTRIBUTE } from "../otlp/mapping.ts";
import { instanceIn, sourceOf } from "../otlp/resources.ts";
import { type RejectedPoint, validatePoints } from "../otlp/validate-points.ts";
import type { SeriesFound, SeriesQuestion, StoredAnswer } from "../store/metrics.ts";
import type { SeriesUpdate, Submission } from "../store/submission.ts";
import type { Sender } from "../telemetry/series/tenants.ts";
import { checkService, type ServiceBinding, type SubmitObserver } from "./submit.ts";

export interface ExportResourceDeps extends ServiceBinding {
  readonly dimensionSets: DimensionSets;
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  /** What is known of series, and whether the same points were answered before. */
  readonly findSeries: (question: SeriesQuestion, nowMs: number) => Promise<SeriesFound>;
  /** Resolves once the submission is on disk; to the earlier answer when its idempotency key was used. */
  readonly enqueue: (submission: Submission) => Promise<StoredAnswer | undefined>;
  /** Counts what is on disk in the exported series. */
  readonly export: (sender: Sender, measurements: readonly Measurement[]) => void;
  readonly observer: Pick<SubmitObserver, "onAnswer" | "onForeignService">;
}

/** The answer of one resource, as it is kept for the same points sent again. */
export interface ResourceAnswer {
  readonly rejected: number;
  /** Of the first of them. */
  readonly descriptions: readonly string[];
  /** Whether they were rejected because the key may not write for their service. */
  readonly isForeign?: true;
}

/** How long an unchanged series is taken for seen without being written again. */
const SEEN_MS = 3_600_000;
const NOTHING_KNOWN: SeriesFound = { earlier: undefined, series: new Map(), room: 0 };

/**
 * The points of one resource: find what is known of their series, take off what was counted, validate, store,
 * export. Their rows, the last points of their series and the answer are one transaction, so that a retry of
 * any part of it counts nothing twice.
 *
 * @throws {ServiceError} `queue_full`, `storage_unavailable`, `shutting_down`: nothing of it is stored.
 */
export function createExportResource(deps: ExportResourceDeps) {
  const { findSeries, enqueue, observer } = deps;

  return async (call: Call, resource: ResourcePoints): Promise<ResourceAnswer> => {
    const leftOut: Violation[] = [];
    const source = readSource(call, resource, leftOut);
    if ("violations" in source) return reject(call, resource, "", source.violations);
    const notAllowed = checkService(deps, call, source.service);
    if (notAllowed !== undefined) {
      const violation = { field: "service", reason: "service_not_allowed", message: notAllowed };
      return { ...reject(call, resource, source.service, [violation]), isForeign: true };
    }
    const { apiKeyId, service: owner } = call.principal;
    const nowMs = deps.wallMs();
    const idempotencyKey = keyOf(call, resource, deps.pseudonymise);
    const nameSeries = createSeriesKeys(owner, resource.attributes);
    const loop = new YieldingLoop();
    const keys = new Set<string>();
    await loop.each(resource.points.filter(isCumulativePoint), (point) => keys.add(nameSeries(point)));
    const question = { owner, keys: [...keys], apiKeyId, idempotencyKey };
    const known = keys.size === 0 ? NOTHING_KNOWN : await findSeries(question, nowMs);
    if (known.earlier !== undefined) return readAnswer(known.earlier);
    const lastPoints = new Map<string, LastPoint>();
    await loop.each(known.series, ([key, found]) => lastPoints.set(key, decodeLastPoint(found.lastPoint)));
    const { measurements, rejected, counted, ...odd } = await validatePoints(resource.points, {
      intern: deps.dimensionSets.of(apiKeyId),
      pseudonymise: deps.pseudonymise,
      nowMs,
      nameSeries,
      lastPoints,
      room: known.room,
      isSdk: resource.attributes.has(SDK_ATTRIBUTE),
    });
    const answer = { rejected: rejected.length, descriptions: describeRejections(rejected) };
    // Those that moved, and those that were last seen long ago: unseen series are deleted in time.
    const series: SeriesUpdate[] = [];
    await loop.each(counted, ([key, last]) => {
      const before = lastPoints.get(key);
      const isSeen = nowMs - (known.series.get(key)?.seenMs ?? 0) < SEEN_MS;
      if (before !== undefined && isSeen && isUnchanged(before, last)) return;
      series.push({ key, owner, lastPoint: encodeLastPoint(last), isNew: before === undefined });
    });
    if (measurements.length + series.length > 0) {
      const earlier = await enqueue({
        source: { ...source, apiKeyId },
        requestNumber: call.requestNumber,
        measurements,
        idempotency: {
          key: idempotencyKey,
          fingerprint: resource.fingerprint,
          answer: JSON.stringify(answer),
        },
        series,
      });
      if (earlier !== undefined) return readAnswer(earlier);
      const sender = { ...source, owner: call.principal.service };
      await loop.eachList(measurements, (list) => deps.export(sender, list));
    }
    observe(call, source.service, measurements.length, rejected, leftOut.concat(odd.leftOut));
    return answer;
  };

  function reject(call: Call, { points }: ResourcePoints, service: string, violations: readonly Violation[]) {
    const rejected = points.map((point) => ({ point, violations }));
    observe(call, service, 0, rejected);
    return { rejected: rejected.length, descriptions: describeRejections(rejected) };
  }

  function observe(
    call: Call,
    service: string,
    accepted: number,
    rejected: readonly RejectedPoint[],
    leftOut: readonly Violation[] = [],
  ): void {
    const rejections = rejected.flatMap(({ violations }) => violations);
    observer.onAnswer(call, service, { accepted, rejected: rejected.length, rejections, leftOut });
  }
}

/** What is shortened goes to `leftOut`. */
function readSource(
  call: Call,
  { attributes }: ResourcePoints,
  leftOut: Violation[],
): ValidSource | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const into = (list: Violation[]) => (field: string, reason: string, message: string) =>
    void list.push({ field, reason, message });
  const submitted = sourceOf(attributes, call.principal.service, into(leftOut));
  const source = validateSource(submitted, into(violations), []);
  return violations.length > 0 ? { violations } : source;
}

/**
 * The idempotency key of a resource's points: their fingerprint behind a line break, which no client can send
 * in a key of its own. Points without a time may be the same twice and mean two things, and so have none that
 * another request shares. Nor have those of a resource that names no instance and comes from another address:
 * replicas of one configuration that count the same send the same bytes.
 */
function keyOf(
  call: Call,
  { attributes, fingerprint, points }: ResourcePoints,
  pseudonymise: Pseudonymise,
): string {
  if (points.some(({ timeNs }) => timeNs === 0n)) return `otlp\n${call.requestId} ${fingerprint}`;
  const address = instanceIn(attributes) === "" ? call.address?.() : undefined;
  return address === undefined ? `otlp\n${fingerprint}` : `otlp\n${pseudonymise(address)} ${fingerprint}`;
}

function readAnswer({ answer }: StoredAnswer): ResourceAnswer {
  return JSON.parse(answer) as ResourceAnswer;
}
