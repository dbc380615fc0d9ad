import type { Connection } from "./connection.ts";
import { openGrpc } from "./grpc-connection.ts";
import { createHistogram } from "./histogram.ts";
import { openHttp1 } from "./http1-connection.ts";
import { acceptedOf, type PreparedRequest, type Protocol, stamp } from "./requests.ts";

export interface RoundOptions {
  readonly port: number;
  readonly protocol: Protocol;
  readonly connections: number;
  readonly durationMs: number;
  /** Dealt out among the connections: one request is never under way twice. At least one a connection. */
  readonly requests: readonly PreparedRequest[];
}

export interface RoundResult {
  readonly requestsPerSecond: number;
  readonly metricsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no success; 0 in a good round. */
  readonly failures: number;
  /** Metrics accepted from start to end, those after the time was up included. */
  readonly accepted: number;
  /** Share of a core the load itself took: near 1, the figures are its own and not the server's. */
  readonly loadCpuShare: number;
}

/** Opens a connection that speaks the protocol. */
export function openConnection(protocol: Protocol, port: number): Promise<Connection> {
  return protocol === "grpc" ? openGrpc(port) : openHttp1(port);
}

/** Closed loop: each connection sends its next request when the answer to the last has come. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { protocol, port, connections, requests, durationMs } = options;
  const opened = await Promise.all(Array.from({ length: connections }, () => openConnection(protocol, port)));
  const latencies = createHistogram();
  let answers = 0;
  let metrics = 0;
  let failures = 0;
  let accepted = 0;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + durationMs;

  function drive(connection: Connection, first: number): Promise<void> {
    return new Promise((resolve) => {
      let index = first;
      function next(): void {
        const request = requests[index];
        if (request === undefined) throw new Error(`no request for connection ${first}`);
        index += connections;
        if (index >= requests.length) index = first;
        stamp(request, Date.now());
        const sentMs = performance.now();
        connection.send(request, ({ ok, status, body }) => {
          const answeredMs = performance.now();
          const stored = ok ? acceptedOf(protocol, body) : 0;
          accepted += stored;
          if (stored !== request.metrics) failures++;
          else if (answeredMs < endMs) {
            answers++;
            metrics += stored;
            latencies.record(answeredMs - sentMs);
          }
          if (status !== 0 && answeredMs < endMs) next();
          else resolve();
        });
      }
      next();
    });
  }

  await Promise.all(opened.map(drive));
  const cpu = process.cpuUsage(cpuBefore);
  const elapsedMs = performance.now() - startMs;
  for (const connection of opened) connection.close();
  return {
    requestsPerSecond: answers / (durationMs / 1000),
    metricsPerSecond: metrics / (durationMs / 1000),
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    failures,
    accepted,
    loadCpuShare: (cpu.user + cpu.system) / 1000 / elapsedMs,
  };
}
