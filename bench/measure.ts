import { type RoundResult, runRound } from "./load.ts";
import { type PreparedRequest, type Protocol, prepareRequest } from "./requests.ts";
import { createWorkload } from "./workload.ts";

/** Whom a round of load goes to: one of the service's doors, or the bare server. */
export interface Target {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly apiKey: string;
  readonly service: string;
}

/** One size of request at one number of connections. */
export interface Shape {
  readonly metricsPerRequest: number;
  readonly connections: number;
}

export interface Measured {
  readonly target: string;
  readonly shape: Shape;
  /** The round with the median rate. */
  readonly typical: RoundResult;
  /** Each round's rate divided by the bare server's in the round beside it; the median of these. */
  readonly toBare: number;
  /** Requests of all rounds that were not wholly accepted. */
  readonly failures: number;
  /** The highest of all rounds. */
  readonly loadCpuShare: number;
}

export interface Measurements {
  readonly rows: readonly Measured[];
  /** Metrics the service accepted in all rounds, warming up included. */
  readonly storedMetrics: number;
}

export interface MeasureOptions {
  readonly targets: readonly Target[];
  /** The name of the target that the others are compared with. */
  readonly bare: string;
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  readonly roundMs: number;
  readonly onProgress: (what: string) => void;
  /** Runs once after each round of a shape, between two rounds of load. */
  readonly beside?: (shape: Shape) => Promise<void>;
}

/** Distinct metrics in prepared requests: enough that no cache holds them all. */
const METRICS_PREPARED = 12_800;

/** A cold service answers at half its speed for the first two or three seconds, until its code is compiled. */
const WARM_UP_ROUNDS = 3;

/** Every target at every shape, in turns (A B C A B C …), so that what else the machine does hits all alike. */
export async function measure(options: MeasureOptions): Promise<Measurements> {
  const { targets, shapes, rounds, roundMs, onProgress } = options;
  const rows: Measured[] = [];
  let storedMetrics = 0;
  for (const size of new Set(shapes.map((shape) => shape.metricsPerRequest))) {
    const prepared = new Map(targets.map((target) => [target, prepare(target, size)]));
    const load = async (target: Target, connections: number) => {
      const requests = prepared.get(target) ?? [];
      const result = await runRound({ ...target, requests, connections, durationMs: roundMs });
      if (target.name !== options.bare) storedMetrics += result.accepted;
      return result;
    };
    for (let round = 1; round <= WARM_UP_ROUNDS; round++) {
      for (const target of targets) {
        onProgress(`warming up ${target.name}, ${size} a request`);
        await load(target, 64);
      }
    }
    for (const shape of shapes.filter((each) => each.metricsPerRequest === size)) {
      const results = new Map<string, RoundResult[]>(targets.map((target) => [target.name, []]));
      for (let round = 1; round <= rounds; round++) {
        for (const target of targets) {
          onProgress(`${size} a request, ${shape.connections} connections, round ${round}: ${target.name}`);
          results.get(target.name)?.push(await load(target, shape.connections));
        }
        await options.beside?.(shape);
      }
      const bare = results.get(options.bare) ?? [];
      for (const [target, own] of results) rows.push(summarise(target, shape, own, bare));
    }
  }
  return { rows, storedMetrics };
}

function summarise(
  target: string,
  shape: Shape,
  own: readonly RoundResult[],
  bare: readonly RoundResult[],
): Measured {
  const byRate = own.toSorted((left, right) => left.requestsPerSecond - right.requestsPerSecond);
  const typical = byRate[byRate.length >>> 1];
  if (typical === undefined) throw new Error("no rounds were run");
  const ratios = own.map((round, index) => round.requestsPerSecond / (bare[index]?.requestsPerSecond ?? 0));
  return {
    target,
    shape,
    typical,
    toBare: median(ratios),
    failures: own.reduce((sum, round) => sum + round.failures, 0),
    loadCpuShare: Math.max(...own.map((round) => round.loadCpuShare)),
  };
}

/** The middle of the values; NaN when there are none. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >>> 1] ?? Number.NaN;
}

function prepare(target: Target, metricsPerRequest: number): PreparedRequest[] {
  const workload = createWorkload(7);
  const count = Math.max(128, Math.ceil(METRICS_PREPARED / metricsPerRequest));
  return Array.from({ length: count }, () =>
    prepareRequest({ ...target, workload, metricsPerRequest, numbered: false }),
  );
}
