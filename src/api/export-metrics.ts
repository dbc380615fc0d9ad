import { setImmediate } from "node:timers/promises";
import type { Call } from "../access/call.ts";
import { invalidField, ServiceError } from "../errors.ts";
import { createKeyedMutex } from "../lib/keyed-mutex.ts";
import { isCumulativePoint } from "../otlp/cumulative-series.ts";
import type { ResourcePoints, SentPoints } from "../otlp/data-point.ts";
import { joinDescriptions } from "../otlp/describe-rejections.ts";
import { groupResources, mergeResources } from "../otlp/resources.ts";
import { createExportResource, type ExportResourceDeps, type ResourceAnswer } from "./export-resource.ts";

/** OTLP's `partial_success`: how many points were rejected, and which and why. Empty where none was. */
export interface ExportAnswer {
  readonly rejected: number;
  readonly message: string;
}

export type ExportMetrics = (call: Call, sent: SentPoints) => Promise<ExportAnswer>;

export interface ExportMetricsDeps extends ExportResourceDeps {
  /** Data points a request; one with more fails as a whole. */
  readonly pointsMax: number;
  /** Points of all requests that may be in work; so a slow disk costs memory only up to here. */
  readonly queuedPointsMax: number;
}

/**
 * OTLP's Export (https://opentelemetry.io/docs/specs/otlp/): every resource by itself, as
 * `export-resource.ts` does it, and one answer, which is a partial success where some points are rejected.
 *
 * Cumulative points are worth what they add to the last ones of their series, which are read first and
 * written with the rows: so such exports under one service's keys happen one at a time.
 *
 * @throws {ServiceError} `validation_failed`, `service_not_allowed`, `queue_full`, `storage_unavailable`,
 *   `shutting_down`. Of many points some may be stored then; sent again they are not stored twice.
 */
export function createExportMetrics(deps: ExportMetricsDeps): ExportMetrics {
  const exportResource = createExportResource(deps);
  const runExclusive = createKeyedMutex();
  let pointsInWork = 0;

  async function exportAll(call: Call, resources: readonly ResourcePoints[]): Promise<ExportAnswer> {
    const answers: ResourceAnswer[] = [];
    for (const together of groupResources(resources)) {
      if (answers.length > 0) await setImmediate();
      // All of them end before any failure is reported: the next export must find what they have written.
      const ended = await Promise.allSettled(together.map((resource) => exportResource(call, resource)));
      answers.push(...ended.map(answerOf));
    }
    const rejected = answers.reduce((sum, answer) => sum + answer.rejected, 0);
    const descriptions = answers.flatMap((answer) => answer.descriptions);
    const message = joinDescriptions(descriptions, rejected);
    if (answers.length > 0 && answers.every(({ isForeign }) => isForeign))
      throw new ServiceError("service_not_allowed", message);
    return { rejected, message };
  }

  return async (call, { count: points, leftOut, read }) => {
    if (points > deps.pointsMax) throw tooMany(points, deps.pointsMax);
    if (pointsInWork + points > deps.queuedPointsMax)
      throw new ServiceError("queue_full", `${pointsInWork} points wait for storage already; retry later`);
    pointsInWork += points;
    try {
      const merged = mergeResources(await read());
      const work = () => exportAll(call, merged);
      const isCumulative = merged.some((resource) => resource.points.some(isCumulativePoint));
      const { service } = call.principal;
      const answer = await (isCumulative ? runExclusive(service, work) : work());
      if (leftOut.length > 0)
        deps.observer.onAnswer(call, service, { accepted: 0, rejected: 0, rejections: [], leftOut });
      return answer;
    } finally {
      pointsInWork -= points;
    }
  };
}

function answerOf(ended: PromiseSettledResult<ResourceAnswer>): ResourceAnswer {
  if (ended.status === "rejected") throw ended.reason;
  return ended.value;
}

function tooMany(points: number, max: number): ServiceError {
  const message = `Too many data points: ${points}, at most ${max} a request`;
  return invalidField("resource_metrics", "too_many", message);
}
