import { create } from "@bufbuild/protobuf";
import {
  ExportMetricsServiceRequestSchema,
  type ExportMetricsServiceResponse,
  ExportMetricsServiceResponseSchema,
} from "../../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { ExportAnswer, ExportMetrics } from "../../../api/export-metrics.ts";
import { ServiceError } from "../../../errors.ts";
import type { RestAnswer } from "../../http/answer.ts";
import type { RestCall } from "../../http/rest-handler.ts";
import { decodeResources } from "../../otlp/decode-resources.ts";
import { contentForm, readMessage, writeMessage } from "./content.ts";

/** `POST /v1/metrics`: OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export async function exportOverHttp(exportMetrics: ExportMetrics, call: RestCall): Promise<RestAnswer> {
  const form = contentForm(call.header("content-type"));
  if (form === undefined) {
    const message = "Content-Type must be application/x-protobuf or application/json";
    throw new ServiceError("unsupported_media_type", message);
  }
  const request = readMessage(ExportMetricsServiceRequestSchema, call.body as Buffer, form);
  const answer = toResponse(await exportMetrics(call, decodeResources(request.resourceMetrics)));
  return { status: 200, ...writeMessage(ExportMetricsServiceResponseSchema, answer, form) };
}

/** A partial success only where something was refused: exporters warn about any. */
export function toResponse({ rejected, message }: ExportAnswer): ExportMetricsServiceResponse {
  const partialSuccess = { rejectedDataPoints: BigInt(rejected), errorMessage: message };
  return create(ExportMetricsServiceResponseSchema, rejected > 0 ? { partialSuccess } : {});
}
