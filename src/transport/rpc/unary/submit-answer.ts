import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { SubmitResponseSchema } from "../../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import type { SubmitAnswer } from "../../../api/submit.ts";
import { toSubmitResponse } from "../submit-messages.ts";
import type { MessageForm } from "./wire.ts";

/** A SubmitResponse. That of a call in which nothing was wrong, as nearly all are, is written by hand. */
export function writeSubmitAnswer(answer: SubmitAnswer, form: MessageForm): Buffer {
  const { status, accepted, request_id: requestId } = answer;
  const isPlain = answer.rejected === 0 && answer.warnings === undefined && answer.duplicate === undefined;
  if (isPlain && form === "json") return Buffer.from(JSON.stringify({ status, accepted, requestId }));
  if (isPlain) return writePlain(status, accepted, requestId);
  const message = create(SubmitResponseSchema, toSubmitResponse(answer));
  return Buffer.from(
    form === "json" ? toJsonString(SubmitResponseSchema, message) : toBinary(SubmitResponseSchema, message),
  );
}

/** Tags of the fields: the field's number times eight, and its wire type. */
const TAGS = { status: 10, accepted: 16, requestId: 42 } as const;

/** Texts are short and ASCII: our own words and ids. */
function writePlain(status: string, accepted: number, requestId: string): Buffer {
  const bytes = Buffer.allocUnsafe(status.length + requestId.length + 10);
  let at = writeText(bytes, 0, TAGS.status, status);
  bytes[at++] = TAGS.accepted;
  for (let rest = accepted; ; rest = Math.floor(rest / 128)) {
    bytes[at++] = rest < 128 ? rest : (rest % 128) + 128;
    if (rest < 128) break;
  }
  return bytes.subarray(0, writeText(bytes, at, TAGS.requestId, requestId));
}

function writeText(bytes: Buffer, at: number, tag: number, text: string): number {
  bytes[at] = tag;
  bytes[at + 1] = text.length;
  return at + 2 + bytes.write(text, at + 2, "latin1");
}
