import { openConnection } from "../../bench/load.ts";
import { acceptedOf, number, type Protocol, prepareRequest, stamp } from "../../bench/requests.ts";
import { createWorkload } from "../../bench/workload.ts";
import { type Ledger, NUMBER_OFFSET } from "./ledger.ts";

/** Well-behaved clients beside the hostile ones. */
export interface Neighbours {
  /** One valid numbered metric, by one protocol after the other. Never throws: what failed is not acknowledged. */
  submit(): Promise<void>;
  /** What was answered to valid submissions that were not accepted. */
  readonly refusals: readonly string[];
  close(): void;
}

export interface NeighboursOptions {
  readonly port: number;
  readonly service: string;
  readonly apiKey: string;
  readonly ledger: Ledger;
}

const TIMEOUT_MS = 10_000;
const PROTOCOLS: readonly Protocol[] = ["rest", "connect", "grpc"];

export async function createNeighbours(options: NeighboursOptions): Promise<Neighbours> {
  const { port, ledger } = options;
  const workload = createWorkload(3);
  const refusals: string[] = [];
  const lanes = await Promise.all(
    PROTOCOLS.map(async (protocol) => ({ protocol, connection: await openConnection(protocol, port) })),
  );
  let turn = 0;
  let last: Promise<void> = Promise.resolve();

  async function submitOne(): Promise<void> {
    const lane = lanes[turn++ % lanes.length];
    if (lane === undefined) return;
    // The service may end an idle connection at any time; that is no fault.
    if (!lane.connection.isOpen()) lane.connection = await openConnection(lane.protocol, port);
    const { protocol, connection } = lane;
    const request = prepareRequest({ ...options, protocol, workload, metricsPerRequest: 1, numbered: true });
    const first = ledger.take(1);
    stamp(request, Date.now());
    number(request, NUMBER_OFFSET + first);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        refusals.push(`${protocol}: no answer within ${TIMEOUT_MS} ms`);
        connection.close();
      }, TIMEOUT_MS);
      connection.send(request, ({ ok, status, body }) => {
        clearTimeout(timer);
        if (ok && acceptedOf(protocol, body) === 1) ledger.acknowledge(first, 1);
        else refusals.push(`${protocol} ${status}: ${body.toString("latin1")}`);
        resolve();
      });
    });
  }

  return {
    refusals,
    // One after the other: a connection carries one request.
    submit() {
      last = last.then(submitOne).catch((error) => void refusals.push(String(error)));
      return last;
    },
    close: () => {
      for (const { connection } of lanes) connection.close();
    },
  };
}
