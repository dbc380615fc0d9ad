import type { ConnectRouter } from "@connectrpc/connect";
import { MetricsService } from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { ExportMetrics } from "../../api/export-metrics.ts";
import { admittedOf, untilAborted } from "./context.ts";
import { decodeResources, toExportResponse } from "./otlp-messages.ts";

/** OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc). */
export function otlpServiceRoutes(exportMetrics: ExportMetrics): (router: ConnectRouter) => void {
  return (router) =>
    void router.service(MetricsService, {
      async export({ resourceMetrics }, context) {
        const { call } = admittedOf(context);
        return toExportResponse(
          await untilAborted(() => exportMetrics(call, decodeResources(resourceMetrics)), context.signal),
        );
      },
    });
}
