import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { Flush } from "../../api/flush.ts";
import { health } from "../../api/health.ts";
import { rateLimitStatus } from "../../api/rate-limit-status.ts";
import type { Submit } from "../../api/submit.ts";
import { singleHeaderOf } from "../http/exchange.ts";
import { admittedOf, exchangeOf, untilAborted } from "./context.ts";
import { fromSubmitRequest, toSubmitResponse } from "./submit-messages.ts";

/** The operations that MetricsService is made of. */
export interface MetricsServiceDeps {
  /** Validate, store, export, answer. */
  readonly submit: Submit;
  /** Commit what waits. */
  readonly flush: Flush;
}

/** MetricsService, one line an RPC. */
export function metricsServiceRoutes({ submit, flush }: MetricsServiceDeps): (router: ConnectRouter) => void {
  const implementation: ServiceImpl<typeof MetricsService> = {
    async submit(request, context) {
      const { call } = admittedOf(context);
      const header = singleHeaderOf(exchangeOf(context).request, "idempotency-key");
      const submitted = fromSubmitRequest(request, header);
      return toSubmitResponse(await untilAborted(() => submit(call, submitted), context.signal));
    },
    flush: () => flush(),
    rateLimitStatus(_request, context) {
      const { call, bucket } = admittedOf(context);
      const status = rateLimitStatus(call, bucket);
      return {
        service: status.service,
        rateLimit: status.rate_limit,
        availableTokens: status.available_tokens,
        resetTimeSeconds: status.reset_time_seconds,
        role: call.principal.role,
      };
    },
    health: () => health(),
  };
  return (router) => void router.service(MetricsService, implementation);
}
