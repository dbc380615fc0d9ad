/**
 * gRPC-Web as text (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md, "text-encoded"), which Google's
 * generator makes by default: the bytes of gRPC-Web in base64, both ways. Connect 2.2.0 answers it with 415 and
 * no body. So it never sees it: what goes in is decoded before, what comes out is encoded behind it.
 */
import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { ServiceError } from "../../errors.ts";

/** A body in pieces of any size. */
export type Body = AsyncIterable<Uint8Array>;

const TEXT_TYPE = /^application\/grpc-web-text(\+(?:proto|json))?\s*(?:;.*)?$/i;

/** Whether a `content-type` is that of a call in text. */
export function isGrpcWebText(contentType: string | undefined): boolean {
  return TEXT_TYPE.test(contentType ?? "");
}

/** The same call in bytes. Its announced length, too, is that of the bytes. */
export function fromText(universal: UniversalServerRequest): UniversalServerRequest {
  const { header, body } = universal;
  const [, codec = "+proto"] = TEXT_TYPE.exec(header.get("content-type") ?? "") ?? [];
  header.set("content-type", `application/grpc-web${codec.toLowerCase()}`);
  const length = header.get("content-length");
  if (length !== null) header.set("content-length", String(bytesOfBase64(Number(length))));
  return { ...universal, body: isBody(body) ? decoded(body) : body };
}

/** The same answer in text. */
export function toText(answer: UniversalServerResponse): UniversalServerResponse {
  const header = new Headers(answer.header);
  const type = header.get("content-type");
  if (type !== null)
    header.set("content-type", type.replace(/^application\/grpc-web\b/, "application/grpc-web-text"));
  return { ...answer, header, ...(isBody(answer.body) && { body: encoded(answer.body) }) };
}

/** The bytes that so many characters stand for, at most. */
export function bytesOfBase64(characters: number): number {
  return Math.floor((characters * 3) / 4);
}

export function isBody(body: unknown): body is Body {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Whole groups of four characters; only the last of a piece that was encoded by itself is padded. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A client may encode a stream piece by piece, so that padding stands in its middle. */
async function* decoded(body: Body): Body {
  let rest = "";
  for await (const chunk of body) {
    const text = rest + Buffer.from(chunk).toString("latin1");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    for (const piece of text.slice(0, whole).match(/[^=]+=*|=+/g) ?? []) {
      if (!BASE64.test(piece)) throw malformed();
      yield Buffer.from(piece, "base64");
    }
  }
  if (rest !== "") throw malformed();
}

function malformed(): ServiceError {
  return new ServiceError("malformed_body", "body is not valid base64");
}

/** Every piece is padded, so that none waits for the next one: clients read groups of four. */
async function* encoded(body: Body): Body {
  for await (const chunk of body) yield Buffer.from(Buffer.from(chunk).toString("base64"), "latin1");
}
