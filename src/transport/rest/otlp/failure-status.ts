import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../../../gen/google/rpc/status_pb.js";
import { FAILURES, type FailureReason, type ServiceError } from "../../../errors.ts";
import type { RestAnswer } from "../../http/answer.ts";
import { integer, type JsonSchema, list, record, text } from "../../http/json-schema.ts";
import { toConnectError } from "../../rpc/failures.ts";
import { contentForm, writeMessage } from "./content.ts";

/** The Status, as JSON. */
export const STATUS_SCHEMA: JsonSchema = record(
  {
    code: integer("The gRPC code."),
    message: text("What went wrong, for people."),
    details: list("google.rpc.ErrorInfo with the reason, and RetryInfo where a retry may succeed.", {
      type: "object",
    }),
  },
  {},
  { title: "OtlpStatus", description: "Why a call failed, written as its body was." },
);

/** The protocol knows 400 alone for what will never be accepted. */
export function statusOverOtlp(reason: FailureReason): number {
  return reason === "validation_failed" ? 400 : FAILURES[reason].httpStatus;
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
