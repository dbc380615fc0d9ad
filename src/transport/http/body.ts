import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { ServiceError } from "../../errors.ts";
import { decompressInTurn } from "./decompression.ts";
import { type Exchange, headerOf, isHttp2Request } from "./exchange.ts";

/** Content codings that are taken (RFC 9110, 8.4.1), and how each is undone. */
const DECODERS = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** The client went away before its body was whole; there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * Read a body of at most `bytesMax` bytes, also after decompression.
 *
 * @throws {ServiceError} `body_too_large`, `unsupported_encoding`, `malformed_body`, `queue_full`
 * @throws {ClientGoneError}
 */
export async function readBody(exchange: Exchange, bytesMax: number): Promise<Buffer> {
  const { request } = exchange;
  const encoding = (headerOf(request, "content-encoding") ?? "identity").trim().toLowerCase();
  const isKnown = encoding === "identity" || Object.hasOwn(DECODERS, encoding);
  if (!isKnown) {
    const known = Object.keys(DECODERS).join(", ");
    throw new ServiceError("unsupported_encoding", `Content-Encoding must be one of ${known}`);
  }
  const length = Number(headerOf(request, "content-length") ?? 0);
  if (length > bytesMax) throw tooLarge(bytesMax);
  exchange.place?.add(length);
  const body = await collectBody(exchange, bytesMax);
  if (encoding === "identity") return body;
  const message = await decompress(body, encoding as keyof typeof DECODERS, bytesMax);
  exchange.place?.add(message.length);
  return message;
}

/** HTTP 413. */
function tooLarge(bytesMax: number): ServiceError {
  return new ServiceError("body_too_large", `body is larger than ${bytesMax} bytes`);
}

/**
 * The bytes of a body as they were sent; what is larger than `bytesMax` is not read to its end. Those that were
 * not announced are counted as they arrive.
 *
 * @param look sees each piece as it arrives; what it throws ends the reading.
 * @throws {ServiceError} `body_too_large`, `queue_full` @throws {ClientGoneError}
 */
export function collectBody(
  exchange: Exchange,
  bytesMax: number,
  look: ((piece: Buffer) => void) | undefined = undefined,
): Promise<Buffer> {
  const { request, place } = exchange;
  const length = headerOf(request, "content-length");
  const isAnnounced = length !== undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isWhole = false;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        if (!isAnnounced) place?.add(chunk.length);
        look?.(chunk);
        chunks.push(chunk);
      } catch (error) {
        request.pause();
        reject(error);
      }
    });
    request.once("end", () => {
      isWhole = true;
      exchange.bodyBytes = bytes;
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      // A reset in mid-body ends an HTTP/2 request as if it were whole: one without an error, whatever was announced
      // (nghttp2 does not compare), and without an announcement only the next turn of the event loop shows it.
      if (isAnnounced && bytes !== Number(length)) reject(new ClientGoneError());
      else if (!isHttp2Request(request) || isAnnounced) resolve(body);
      else setImmediate(() => (request.stream.aborted ? reject(new ClientGoneError()) : resolve(body)));
    });
    // Every request closes: what is built here must be worth building.
    request.once("close", () => isWhole || reject(new ClientGoneError()));
    request.once("error", (cause) => reject(new ClientGoneError("request failed", { cause })));
  });
}

/**
 * The body decompressed. What would become larger than `bytesMax` is given up in its middle.
 *
 * @throws {ServiceError} `body_too_large`, `malformed_body`
 */
export async function decompress(
  body: Buffer,
  encoding: keyof typeof DECODERS,
  bytesMax: number,
): Promise<Buffer> {
  try {
    return await decompressInTurn(() => DECODERS[encoding](body, { maxOutputLength: bytesMax }));
  } catch (cause) {
    if ((cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw new ServiceError("malformed_body", `body is not valid ${encoding}`, { cause });
  }
}
