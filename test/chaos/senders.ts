import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Connection } from "../../bench/connection.ts";
import { openConnection } from "../../bench/load.ts";
import {
  acceptedOf,
  number,
  type PreparedRequest,
  type Protocol,
  prepareRequest,
  stamp,
} from "../../bench/requests.ts";
import { createWorkload } from "../../bench/workload.ts";
import { type Ledger, NUMBER_OFFSET } from "./ledger.ts";

export interface SendersOptions {
  readonly protocol: Protocol;
  readonly connections: number;
  readonly service: string;
  readonly apiKey: string;
  readonly ledger: Ledger;
}

/** Clients that outlive the service: what was not answered is sent again, unchanged, to the next one. */
export interface Senders {
  /** Sends until every connection has ended; afterwards some requests may be unanswered. */
  sendUntilLost(port: number, metricsPerRequest: number): Promise<void>;
  /** Sends only what is unanswered, until it is answered. */
  sendUnanswered(port: number): Promise<void>;
  readonly tally: Tally;
}

export interface Tally {
  /** Requests that were sent whole on an open connection and never answered there. */
  unanswered: number;
  /** Answers that were no success: how many of each status, and the last one's body. */
  readonly refused: Map<number, { count: number; body: string }>;
}

interface Unanswered {
  readonly request: PreparedRequest;
  readonly first: number;
}

/** Distinct requests of each connection. */
const REQUESTS = 8;
const RETRY_MS = 20;

export function createSenders(options: SendersOptions): Senders {
  const { protocol, connections, ledger } = options;
  const workload = createWorkload(11);
  const prepare = (metricsPerRequest: number) =>
    Array.from({ length: REQUESTS }, () =>
      prepareRequest({ ...options, workload, metricsPerRequest, numbered: true }),
    );
  const lanes = Array.from({ length: connections }, () => ({
    requests: new Map<number, PreparedRequest[]>(),
    unanswered: undefined as Unanswered | undefined,
  }));
  type Lane = (typeof lanes)[number];
  const tally: Tally = { unanswered: 0, refused: new Map() };

  function nextRequest(lane: Lane, metricsPerRequest: number): Unanswered {
    const requests = lane.requests.get(metricsPerRequest) ?? prepare(metricsPerRequest);
    lane.requests.set(metricsPerRequest, requests);
    const first = ledger.take(metricsPerRequest);
    const request = requests[((first / metricsPerRequest) % REQUESTS) | 0];
    if (request === undefined) throw new Error("no request was prepared");
    stamp(request, Date.now());
    number(request, NUMBER_OFFSET + first);
    return { request, first };
  }

  /** One request, answered or not; false when the connection is over. */
  async function exchange(
    lane: Lane,
    connection: Connection,
    next: () => Unanswered | undefined,
  ): Promise<boolean> {
    if (!connection.isOpen()) return false;
    lane.unanswered ??= next();
    if (lane.unanswered === undefined) return false;
    const { request, first } = lane.unanswered;
    const answer = await answerTo(connection, request);
    if (answer.status === 0) tally.unanswered++;
    else if (answer.ok && acceptedOf(protocol, answer.body) === request.metrics) {
      ledger.acknowledge(first, request.metrics);
      lane.unanswered = undefined;
    } else {
      note(tally, answer);
      // Overloaded or stopping, it says; the same request again, not at once.
      await sleep(RETRY_MS);
    }
    return answer.status !== 0;
  }

  async function run(port: number, next: (lane: Lane) => Unanswered | undefined): Promise<void> {
    await Promise.all(
      lanes.map(async (lane) => {
        const connection = await openConnection(protocol, port).catch(() => undefined);
        while (connection !== undefined && (await exchange(lane, connection, () => next(lane))));
        connection?.close();
      }),
    );
  }

  return {
    tally,
    sendUntilLost: (port, metricsPerRequest) => run(port, (lane) => nextRequest(lane, metricsPerRequest)),
    sendUnanswered: (port) => run(port, () => undefined),
  };
}

/** The body outlives the callback, unlike the connection's own. */
function answerTo(connection: Connection, request: PreparedRequest): Promise<Answer> {
  return new Promise((resolve) =>
    connection.send(request, (answer) => resolve({ ...answer, body: Buffer.from(answer.body) })),
  );
}

function note(tally: Tally, { status, body }: Answer): void {
  const count = (tally.refused.get(status)?.count ?? 0) + 1;
  tally.refused.set(status, { count, body: body.toString("utf8").slice(0, 300) });
}
