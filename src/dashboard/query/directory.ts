import type { FetchMetricsResponse, Point } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import type { Api } from "../api/api.ts";
import type { ChartData } from "../charts/chart-data.ts";
import type { DirectoryPeriod } from "../state/time-range.ts";
import type { QueryScope } from "./scope.ts";

/** A line of a chart on a server's page. */
export interface DirectoryLine {
  readonly name: string;
  readonly color: string;
  /** As the service answers them: ascending, and only for steps in which something came. */
  readonly points: readonly Point[];
  /** What a step without a point means: 0 for counts, null (a gap) for measurements. */
  readonly absent: 0 | null;
}

const msOf = (point: Point) => Number(point.timestamp?.seconds ?? 0) * 1000;

/**
 * Lines over every step of the range, including those that the answer leaves out. A metric that was never
 * reported stays a line of gaps: zeros would claim that it was.
 */
export function toChartData(
  lines: readonly DirectoryLine[],
  answer: Pick<FetchMetricsResponse, "step">,
  { startMs, endMs }: QueryScope["range"],
): ChartData {
  const stepMs = Math.max(1, Number(answer.step?.seconds ?? 60)) * 1000;
  const firstMs = Math.floor(startMs / stepMs) * stepMs;
  const steps = Math.max(0, Math.ceil((endMs - firstMs) / stepMs));
  const timesMs = Array.from({ length: steps }, (_, at) => firstMs + at * stepMs);
  return {
    timesMs,
    stepMs,
    lines: lines.map(({ name, color, points, absent }) => {
      // The first step may begin before the range does.
      const byStep = new Map(points.map((point) => [Math.floor(msOf(point) / stepMs), point.value]));
      const hasAny = points.length > 0;
      const missing = hasAny ? absent : null;
      return { name, color, values: timesMs.map((ms) => byStep.get(Math.floor(ms / stepMs)) ?? missing) };
    }),
  };
}

/** The value of the newest point; NaN without points. */
export const latestOf = (points: readonly Point[]): number => points.at(-1)?.value ?? Number.NaN;

/** The query of every panel of a server's page. */
export type FetchServer = (api: Api, scope: QueryScope, signal: AbortSignal) => Promise<FetchMetricsResponse>;

/**
 * One call of FetchMetrics for all panels that load together: they share the signal of their load, and with
 * it the promise of the answer. Loads that are over are forgotten with their signal.
 *
 * @param period asked at each load, since it changes while the page stays
 */
export function fetchServerOnce(serverId: string, period: () => DirectoryPeriod): FetchServer {
  const asked = new WeakMap<AbortSignal, Promise<FetchMetricsResponse>>();
  return (api, _, signal) => {
    const known = asked.get(signal);
    if (known !== undefined) return known;
    const asking = api.directory.fetchMetrics({ serverId, period: period() }, { signal });
    asked.set(signal, asking);
    return asking;
  };
}
