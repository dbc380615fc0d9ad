/** What `grpc-message` must not hold as it is: all but printable ASCII, and `%`; and spaces that HTTP would trim. */
const ENCODED = /[^\x20-\x24\x26-\x7e]+|^ +| +$/gu;

/**
 * From here on `grpc-message` is encoded as the protocol says, and no further
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Percent-Encoded"): people read it in logs and
 * with curl. Connect 2.2.0 encodes as in a URL, `unknown%20RPC`, and has no option; gRPC and gRPC-Web both write
 * it into these trailers.
 */
export function encodeGrpcMessage(trailer: Headers): void {
  const set = trailer.set.bind(trailer);
  const setEncoded = (name: string, value: string) =>
    set(name, name.toLowerCase() === "grpc-message" ? encode(value) : value);
  Object.assign(trailer, { set: setEncoded });
}

function encode(encodedAsInUrl: string): string {
  return decodeURIComponent(encodedAsInUrl).replace(ENCODED, encodeURIComponent);
}
