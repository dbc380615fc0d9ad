import { list, record, string } from "../../schema/json-schema.ts";
import type { RouteDocument } from "../../schema/route-document.ts";
import type { OTLP_ROUTES } from "./routes.ts";

const OTLP_EXAMPLE = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "my-gateway" } }] },
      scopeMetrics: [
        {
          metrics: [{ name: "active_sessions", gauge: { dataPoints: [{ asInt: "12", attributes: [] }] } }],
        },
      ],
    },
  ],
};

const EXPORT_METRICS: RouteDocument = {
  group: "OpenTelemetry",
  summary: "Export metrics over OTLP",
  description:
    "OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/), as `application/x-protobuf` or JSON; the answer is " +
    "written as the body was. Each point is validated by itself: those that were rejected are counted, with reasons.",
  body: {
    description: "An ExportMetricsServiceRequest in OTLP's JSON, or in Protobuf's binary form.",
    schema: record(
      {},
      { resourceMetrics: list("The metrics of each resource.", { type: "object" }) },
      { title: "OtlpRequest", description: "Metrics of OpenTelemetry." },
    ),
    examples: { "a gauge": OTLP_EXAMPLE },
  },
  answers: {
    200: {
      description: "Every point that was not refused is stored.",
      schema: record(
        {},
        {
          partialSuccess: record(
            {},
            {
              rejectedDataPoints: string("How many points were refused."),
              errorMessage: string("Which and why: the first of them."),
            },
            { description: "Absent where every point was accepted." },
          ),
        },
        { title: "OtlpAnswer", description: "What became of the points." },
      ),
    },
  },
  failures: [
    "unsupported_media_type",
    "service_not_allowed",
    "validation_failed",
    "queue_full",
    "storage_unavailable",
    "shutting_down",
  ],
};

/** What /openapi.json says of each route; one without a document does not compile. */
export const OTLP_DOCUMENTS: Readonly<Record<keyof typeof OTLP_ROUTES, RouteDocument>> = {
  "POST /v1/metrics": EXPORT_METRICS,
};
