import {
  create,
  createRegistry,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../../../gen/google/rpc/status_pb.js";
import { ServiceError, type Violation } from "../../../errors.ts";
import type { SentPoints } from "../../../otlp/data-point.ts";
import { type MessageJson, parseMessageJson, readInTurn } from "../../http/parse-json.ts";
import { toConnectError } from "../../rpc/failures.ts";
import { fromLargeJson } from "../../rpc/large-messages.ts";
import { decodeResources, EXPORT_REQUEST } from "../../rpc/otlp-messages.ts";
import { decodeExport } from "../../rpc/otlp-reader.ts";
import type { RestAnswer } from "../route.ts";
import { soundJson } from "./sound-json.ts";

/** How messages of OTLP over HTTP are written; an answer is written as its request was. */
export type ContentForm = "json" | "protobuf";

/** The two that the specification demands of receivers. */
const MEDIA_TYPES: Readonly<Record<ContentForm, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};
/** What a google.rpc.Status may carry: written as JSON, an Any must be of a known type. */
const DETAILS = createRegistry(ErrorInfoSchema, RetryInfoSchema, BadRequestSchema);

/** The form that a `content-type` names, if it is one of OTLP's. */
export function contentForm(contentType: string | undefined): ContentForm | undefined {
  const [type = ""] = (contentType ?? "").split(";", 1);
  const name = type.trim().toLowerCase();
  if (name === MEDIA_TYPES.json) return "json";
  return name === MEDIA_TYPES.protobuf ? "protobuf" : undefined;
}

/**
 * The points of a request in either form. Of JSON what is not of its type is left out, so that nothing beside it is
 * lost.
 *
 * @throws {ServiceError} `malformed_body` for what is no such request, or would stall the service.
 */
export function readPoints(body: Buffer, form: ContentForm): Promise<SentPoints> {
  return readInTurn(body, () => decodePoints(body, form));
}

async function decodePoints(body: Buffer, form: ContentForm): Promise<SentPoints> {
  const json = form === "json" ? await parseMessageJson(body) : undefined;
  try {
    return await (json === undefined ? decodeExport(body) : decodeJson(json));
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    const sound = json === undefined ? undefined : await soundJson(EXPORT_REQUEST, json);
    if (sound !== undefined) return decodeJson(sound, sound.leftOut);
    const problem = form === "json" ? `OTLP JSON: ${cut((cause as Error).message)}` : form;
    throw new ServiceError("malformed_body", `body is not valid ${problem}`, { cause });
  }
}

async function decodeJson(json: MessageJson, leftOut: readonly Violation[] = []): Promise<SentPoints> {
  const { resourceMetrics } = await fromLargeJson(EXPORT_REQUEST, json);
  return decodeResources(resourceMetrics, leftOut);
}

/** The decoder names the field, and repeats a value of any length. */
function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299).toWellFormed()}…` : text.toWellFormed();
}

/** A message in the form that its request had. */
export function writeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  form: ContentForm,
): Omit<RestAnswer, "status"> {
  const headers = { "content-type": MEDIA_TYPES[form] };
  if (form === "protobuf") return { body: toBinary(schema, message), headers };
  return { body: toJson(schema, message, { registry: DETAILS }) as object, headers };
}

/** A failure as OTLP over HTTP says it: a google.rpc.Status in the request's own form, else as JSON. */
export function otlpFailure(
  failure: ServiceError,
  contentType: string | undefined,
): Omit<RestAnswer, "status"> {
  const { code, rawMessage, details } = toConnectError(failure);
  const status = create(StatusSchema, {
    code,
    message: rawMessage,
    details: details.flatMap((detail) =>
      "desc" in detail
        ? [anyPack(detail.desc, create(detail.desc, detail.value as MessageInitShape<DescMessage>))]
        : [],
    ),
  });
  return writeMessage(StatusSchema, status, contentForm(contentType) ?? "json");
}
