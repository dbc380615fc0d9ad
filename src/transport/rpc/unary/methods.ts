import {
  create,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { MetricsService, SubmitRequestSchema } from "../../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { MetricsService as Otlp } from "../../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { AdmissionRule } from "../../../access/admission.ts";
import type { Call } from "../../../access/call.ts";
import type { ExportMetrics } from "../../../api/export-metrics.ts";
import { RULES } from "../../../api/rules.ts";
import type { Submit } from "../../../api/submit.ts";
import { ServiceError } from "../../../errors.ts";
import type { SubmittedMetrics } from "../../../ingest/submission.ts";
import type { SentPoints } from "../../../otlp/data-point.ts";
import { type Exchange, singleHeaderOf } from "../../http/exchange.ts";
import { SCAN_FROM_BYTES } from "../../http/json-guard.ts";
import { type MessageJson, parseMessageJson } from "../../http/parse-json.ts";
import { fromLargeBinary, guardInTurns } from "../large-binary.ts";
import { fromLargeJson } from "../large-messages.ts";
import { decodeResources, EXPORT_REQUEST, EXPORT_RESPONSE, toExportResponse } from "../otlp-messages.ts";
import { decodeExport } from "../otlp-reader.ts";
import { fromSubmitRequest } from "../submit-messages.ts";
import { OddMessageError } from "../wire-reader.ts";
import { writeSubmitAnswer } from "./submit-answer.ts";
import { readSubmitJson } from "./submit-json.ts";
import { readLargeSubmitRequest, readSubmitRequest } from "./submit-reader.ts";
import type { MessageForm } from "./wire.ts";

/** Runs a call whose message was decoded; resolves to the answer, in the form of the message. */
type RunUnary = (call: Call, exchange: Exchange) => Promise<Buffer>;

/** An RPC with one message each way that is served without Connect, as long as nothing is odd about a call. */
export interface UnaryMethod {
  readonly rule: AdmissionRule;
  /**
   * Decode a message. @throws for one that is none: Connect, given the same bytes, says what is wrong; but
   * {ServiceError} for one so large that it takes Connect too long.
   */
  prepare(message: Buffer, form: MessageForm): Promise<RunUnary>;
}

/** The RPCs by which metrics come in, by path; others are not called often enough. */
export function createUnaryMethods(
  submit: Submit,
  exportMetrics: ExportMetrics,
): ReadonlyMap<string, UnaryMethod> {
  const submitMethod: UnaryMethod = {
    rule: RULES.metrics.submit,
    async prepare(message, form) {
      const sent = await readSubmit(message, form);
      return async (call, { request }) => {
        const idempotencyKey = sent.idempotency_key || singleHeaderOf(request, "idempotency-key");
        return writeSubmitAnswer(await submit(call, { ...sent, idempotency_key: idempotencyKey }), form);
      };
    },
  };
  const exportMethod: UnaryMethod = {
    rule: RULES.otlp.export,
    async prepare(message, form) {
      const sent = await (form === "json" ? readExportJson(message) : decodeExport(message));
      return async (call) => {
        const answer = await exportMetrics(call, sent);
        return encode(EXPORT_RESPONSE, toExportResponse(answer), form);
      };
    },
  };
  return new Map([
    [pathOf(MetricsService.method.submit), submitMethod],
    [pathOf(Otlp.method.export), exportMethod],
  ]);
}

/** As Connect serves it. */
function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

/** By hand, or by the generated classes where a message is odd. */
async function readSubmit(message: Buffer, form: MessageForm): Promise<SubmittedMetrics> {
  const json = form === "json" ? await parseMessageJson(message) : undefined;
  const isLarge = message.length > SCAN_FROM_BYTES;
  if (json === undefined && isLarge) await guardInTurns(SubmitRequestSchema, message);
  try {
    if (json !== undefined) return await readSubmitJson(json);
    return isLarge ? await readLargeSubmitRequest(message) : readSubmitRequest(message);
  } catch (error) {
    if (!(error instanceof OddMessageError)) throw error;
    const decoded =
      json === undefined
        ? await fromLargeBinary(SubmitRequestSchema, message)
        : await decodeJson(SubmitRequestSchema, json);
    return fromSubmitRequest(decoded, undefined);
  }
}

async function readExportJson(message: Buffer): Promise<SentPoints> {
  const { resourceMetrics } = await decodeJson(EXPORT_REQUEST, await parseMessageJson(message));
  return decodeResources(resourceMetrics);
}

async function decodeJson<Desc extends DescMessage>(
  schema: Desc,
  json: MessageJson,
): Promise<MessageShape<Desc>> {
  try {
    return await fromLargeJson(schema, json);
  } catch (cause) {
    throw new ServiceError("malformed_body", (cause as Error).message, { cause });
  }
}

function encode<Desc extends DescMessage>(
  schema: Desc,
  answer: MessageInitShape<Desc>,
  form: MessageForm,
): Buffer {
  const message = create(schema, answer);
  return Buffer.from(form === "json" ? toJsonString(schema, message) : toBinary(schema, message));
}
