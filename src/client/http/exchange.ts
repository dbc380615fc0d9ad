/** What is used of a request: node:http's, its HTTP/2 counterpart's, Express's or the raw one of Fastify. */
export interface ObservedRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** 1 or 2. */
  readonly httpVersionMajor?: number | undefined;
  /** Express: the whole path, where `url` is what is left of it for a router. */
  readonly originalUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What is used of a response, of the same frameworks. */
export interface ObservedResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  once(event: "close", listener: () => void): unknown;
}

/** Methods of a stream that are wrapped, without the overloads of Node's types. */
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods<Name extends string> = Partial<Record<Name, Method>>;

/**
 * Counts the bytes of a request's body: what `content-length` declares, else what arrives. Chunks are seen on
 * their way into the request's own buffer, because a listener for `data` would start the stream and the
 * host's handler would miss what came before its own.
 */
export function countRequestBytes(request: ObservedRequest): () => number {
  const declared = request.headers["content-length"];
  if (typeof declared === "string" && /^\d+$/.test(declared)) return () => Number(declared);
  // HTTP/1.1 announces every body; HTTP/2 need not.
  if (request.httpVersionMajor === 1 && request.headers["transfer-encoding"] === undefined) return () => 0;
  const methods = request as ObservedRequest & Methods<"push">;
  const { push } = methods;
  if (push === undefined) return () => 0;
  let bytes = 0;
  methods.push = function (...args) {
    bytes += bytesOf(args[0], args[1]);
    return push.apply(this, args);
  };
  return () => bytes;
}

/**
 * Counts the bytes of a response's body as its handler hands them over: before chunking, and before
 * compression by what stands behind this middleware.
 */
export function countResponseBytes(response: ObservedResponse): () => number {
  const methods = response as ObservedResponse & Methods<"write" | "end">;
  const { write, end } = methods;
  let bytes = 0;
  let isEnding = false;
  methods.write = function (...args) {
    if (!isEnding) bytes += bytesOf(args[0], args[1]);
    return write?.apply(this, args);
  };
  methods.end = function (...args) {
    if (!isEnding) bytes += bytesOf(args[0], args[1]);
    // In HTTP/2 it calls write in turn.
    isEnding = true;
    return end?.apply(this, args);
  };
  return () => bytes;
}

/** Of a chunk as `write`, `end` and `push` take it; text is counted in its encoding, UTF-8 by default. */
function bytesOf(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  if (typeof chunk !== "string") return 0;
  return Buffer.byteLength(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
}
