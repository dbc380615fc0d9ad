import type { Call } from "../access/call.ts";
import { mayWrite } from "../access/service-binding.ts";
import type { Measurement } from "../catalogue/measurement.ts";
import type { InternDimensions } from "../ingest/dimension-sets.ts";
import { type ValidSource, validateSource } from "../ingest/validate-source.ts";
import type { Pseudonymise } from "../lib/pseudonym.ts";
import { YieldingLoop } from "../lib/yielding-loop.ts";
import { isCountingPoint } from "../otlp/counting.ts";
import type { Refusal, ResourcePoints } from "../otlp/data-point.ts";
import { describeRefusals } from "../otlp/describe-refusals.ts";
import { judgePoints, type RefusedPoint } from "../otlp/judge-points.ts";
import { decodeLastPoint, encodeLastPoint, isUnchanged } from "../otlp/last-point.ts";
import { SDK_ATTRIBUTE } from "../otlp/mapping.ts";
import { createSeriesKeys } from "../otlp/series-key.ts";
import type { LastPoint } from "../otlp/since-last.ts";
import { sourceOf } from "../otlp/source.ts";
import type { Submission } from "../store/batch.ts";
import type { SeriesFound, SeriesQuestion, SeriesUpdate, StoredAnswer } from "../store/metrics.ts";
import type { SubmitObserver } from "./submit.ts";

export interface ExportResourceDeps {
  readonly intern: InternDimensions;
  readonly pseudonymise: Pseudonymise;
  readonly wallMs: () => number;
  /** What is known of series, and whether the same points were answered before. */
  readonly findSeries: (question: SeriesQuestion, nowMs: number) => Promise<SeriesFound>;
  /** Resolves once the submission is on disk; to the earlier answer when its idempotency key was used. */
  readonly store: (submission: Submission) => Promise<StoredAnswer | undefined>;
  readonly export: (sender: ValidSource, measurements: readonly Measurement[]) => void;
  readonly serviceBinding: "strict" | "warn";
  readonly observer: Pick<SubmitObserver, "onAnswer" | "onForeignService">;
}

/** The answer of one resource, as it is kept for the same points sent again. */
export interface ResourceAnswer {
  readonly rejected: number;
  /** Of the first of them. */
  readonly descriptions: readonly string[];
  /** Whether they were refused because the key may not write for their service. */
  readonly isForeign?: true;
}

/** How long an unchanged series is taken for seen without being written again. */
const SEEN_MS = 3_600_000;
const NOTHING_KNOWN: SeriesFound = { earlier: undefined, series: new Map(), room: 0 };

/**
 * Map, take off what was counted, validate, store, count: the points of one resource. Their rows, the last
 * points of their series and the answer are one transaction.
 */
export function createExportResource(deps: ExportResourceDeps) {
  const { findSeries, store, observer } = deps;

  return async (call: Call, resource: ResourcePoints): Promise<ResourceAnswer> => {
    const source = readSource(call, resource);
    if ("refusals" in source) return refuse(call, resource, "", source.refusals);
    const foreign = bindService(deps, call, source.service);
    if (foreign !== undefined)
      return { ...refuse(call, resource, source.service, [foreign]), isForeign: true };
    const { apiKeyId, service: owner } = call.principal;
    const nowMs = deps.wallMs();
    const idempotencyKey = keyOf(call, resource);
    const nameSeries = createSeriesKeys(owner, resource.attributes);
    const loop = new YieldingLoop();
    const keys = new Set<string>();
    await loop.each(resource.points.filter(isCountingPoint), (point) => keys.add(nameSeries(point)));
    const question = { owner, keys: [...keys], apiKeyId, idempotencyKey };
    const known = keys.size === 0 ? NOTHING_KNOWN : await findSeries(question, nowMs);
    if (known.earlier !== undefined) return readAnswer(known.earlier);
    const lastPoints = new Map<string, LastPoint>();
    await loop.each(known.series, ([key, found]) => lastPoints.set(key, decodeLastPoint(found.lastPoint)));
    const judged = await judgePoints(resource.points, {
      intern: deps.intern,
      pseudonymise: deps.pseudonymise,
      nowMs,
      nameSeries,
      lastPoints,
      room: known.room,
      isSdk: resource.attributes.has(SDK_ATTRIBUTE),
    });
    const { measurements, refused, counted } = judged;
    const answer = { rejected: refused.length, descriptions: describeRefusals(refused) };
    // Those that moved, and those whose last sight is long ago.
    const series: SeriesUpdate[] = [];
    await loop.each(counted, ([key, last]) => {
      const before = lastPoints.get(key);
      const isSeen = nowMs - (known.series.get(key)?.seenMs ?? 0) < SEEN_MS;
      if (before !== undefined && isSeen && isUnchanged(before, last)) return;
      series.push({ key, owner, lastPoint: encodeLastPoint(last), isNew: before === undefined });
    });
    if (measurements.length + series.length > 0) {
      const earlier = await store({
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
      await loop.eachList(measurements, (list) => deps.export(source, list));
    }
    observe(call, source.service, measurements, refused);
    return answer;
  };

  function refuse(call: Call, { points }: ResourcePoints, service: string, refusals: readonly Refusal[]) {
    const refused = points.map((point) => ({ point, refusals }));
    observe(call, service, [], refused);
    return { rejected: refused.length, descriptions: describeRefusals(refused) };
  }

  function observe(
    call: Call,
    service: string,
    measurements: readonly Measurement[],
    refused: readonly RefusedPoint[],
  ): void {
    const rejections = refused.flatMap(({ refusals }) => refusals);
    observer.onAnswer(call, service, { measurements, rejected: refused.length, rejections });
  }
}

function bindService(
  { serviceBinding, observer }: ExportResourceDeps,
  call: Call,
  service: string,
): Refusal | undefined {
  if (mayWrite(call.principal, service)) return undefined;
  observer.onForeignService(call, service);
  if (serviceBinding === "warn") return undefined;
  const message = `this key may not write metrics of service "${service}"`;
  return { field: "service", reason: "service_not_allowed", message };
}

function readSource(
  call: Call,
  { attributes }: ResourcePoints,
): ValidSource | { readonly refusals: readonly Refusal[] } {
  const refusals: Refusal[] = [];
  const refuse = (field: string, reason: string, message: string) =>
    void refusals.push({ field, reason, message });
  const source = validateSource(sourceOf(attributes, call.principal.service), refuse, []);
  return refusals.length > 0 ? { refusals } : source;
}

/**
 * What tells that the same points were sent before: a key that no client can send as one. Points that do not
 * say when they were measured may be the same twice and mean two things.
 */
function keyOf(call: Call, { fingerprint, points }: ResourcePoints): string {
  const isTimed = points.every(({ timeNs }) => timeNs !== 0n);
  return isTimed ? `otlp\n${fingerprint}` : `otlp\n${call.requestId} ${fingerprint}`;
}

function readAnswer({ answer }: StoredAnswer): ResourceAnswer {
  return JSON.parse(answer) as ResourceAnswer;
}
