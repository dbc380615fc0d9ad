/** grpc.health.v1: how load balancers and orchestrators ask whether to send calls here. */
import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import {
  Health,
  type HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.js";
import { ServiceError } from "../../errors.ts";

/** What is answered, and how streams of it end. */
export interface GrpcHealthOptions {
  /** What may be asked about, besides "", the server as a whole. */
  readonly services: readonly DescService[];
  /** Whether calls are taken now; one answer for all services. */
  readonly isServing: () => boolean;
  /** Calls `listener` whenever `isServing` may have changed, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
  /** Shutdown: every Watch is sent NOT_SERVING and then ends with `shutting_down`. */
  readonly signal: AbortSignal;
  /** Watch calls open at once; each holds a stream for as long as its client likes. Default 100. */
  readonly watchersMax?: number;
}

/** When a watcher that was rejected may try again. */
const RETRY_AFTER_SECONDS = 10;

/** Serves grpc.health.v1.Health. Needs no key: it reveals nothing but the names of the services. */
export function grpcHealthRoutes(options: GrpcHealthOptions): (router: ConnectRouter) => void {
  const { isServing, onChange, signal, watchersMax = 100 } = options;
  const names = ["", ...options.services.map((service) => service.typeName)];
  const current = () => (isServing() && !signal.aborted ? Status.SERVING : Status.NOT_SERVING);
  let watchers = 0;

  async function* watch({ service }: HealthCheckRequest, context: HandlerContext) {
    if (watchers >= watchersMax) {
      const retryAfterSeconds = RETRY_AFTER_SECONDS;
      throw new ServiceError("rate_limited", `${watchersMax} watchers are connected, which is the limit`, {
        retryAfterSeconds,
      });
    }
    watchers += 1;
    try {
      const isKnown = names.includes(service);
      const status = isKnown ? current : () => Status.SERVICE_UNKNOWN;
      yield* changes(status, onChange, AbortSignal.any([signal, context.signal]));
    } finally {
      watchers -= 1;
    }
    if (signal.aborted) throw new ServiceError("shutting_down", "the server is shutting down");
  }

  return (router) => {
    router.service(Health, {
      check({ service }) {
        if (!names.includes(service)) throw new ServiceError("not_found", `unknown service "${service}"`);
        return { status: current() };
      },
      list: () => ({ statuses: Object.fromEntries(names.map((name) => [name, { status: current() }])) }),
      watch,
    });
  };
}

/**
 * The status now and after each change, until `end`; once more at the end when it differs then. A slow
 * reader skips what changed in between, so that nothing piles up for it.
 */
async function* changes(
  status: () => Status,
  onChange: GrpcHealthOptions["onChange"],
  end: AbortSignal,
): AsyncIterable<{ status: Status }> {
  let wake = (): void => {};
  const unsubscribe = onChange(() => wake());
  end.addEventListener("abort", () => wake(), { once: true });
  try {
    let sent: Status | undefined;
    for (;;) {
      // Armed before the status is read: a change in between then ends the wait at once.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const isLast = end.aborted;
      const now = status();
      if (now !== sent) yield { status: now };
      sent = now;
      if (isLast) return;
      // After a yield, which may have taken long, look again before waiting.
      if (end.aborted || status() !== sent) continue;
      await changed;
    }
  } finally {
    unsubscribe();
  }
}
