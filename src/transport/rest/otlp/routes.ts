import { RULES } from "../../../api/rules.ts";
import { ServiceError } from "../../../errors.ts";
import { headerOf } from "../../http/exchange.ts";
import { EXPORT_RESPONSE, toExportResponse } from "../../rpc/otlp-messages.ts";
import type { KeyedRequest, RestAnswer, RestRoutes, RestService } from "../route.ts";
import { contentForm, readPoints, writeMessage } from "./content.ts";

/** OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export const OTLP_ROUTES = {
  "POST /v1/metrics": { rule: RULES.otlp.export, reads: "bytes", answer: exportMetrics },
} as const satisfies RestRoutes;

/** The answer is written as the request was. What is compressed has been decompressed. */
async function exportMetrics(
  { call, body, exchange }: KeyedRequest,
  { operations }: RestService,
): Promise<RestAnswer> {
  const form = contentForm(headerOf(exchange.request, "content-type"));
  if (form === undefined) {
    const message = "Content-Type must be application/x-protobuf or application/json";
    throw new ServiceError("unsupported_media_type", message);
  }
  const answer = await operations.exportMetrics(call, await readPoints(body as Buffer, form));
  return { status: 200, ...writeMessage(EXPORT_RESPONSE, toExportResponse(answer), form) };
}
