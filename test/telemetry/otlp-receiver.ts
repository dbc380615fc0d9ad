import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";

import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

/** What an `answer` returns to leave a request to the decoder. */
export const PASS = Symbol("pass");

/** Field number to everything found there: a number (fixed64 as a double, varint) or bytes. */
type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** One number of an export: a sum's or gauge's value, or a histogram's count. */
export interface ReceivedPoint {
  readonly name: string;
  readonly value: number;
  /** Those that are text. */
  readonly attributes: Readonly<Record<string, string>>;
  /** A histogram's; empty otherwise. */
  readonly bounds: readonly number[];
}

export interface Receiver {
  readonly url: string;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  readonly points: ReceivedPoint[];
  /** The attributes of every resource so far. */
  readonly resource: Map<string, string>;
  close(): Promise<void>;
}

/**
 * A server that answers as `answer` does, if that answers; else decodes the export, with a decoder that
 * shares no code with ours.
 */
export async function openReceiver(
  answer?: (...exchange: Parameters<RequestListener>) => unknown,
): Promise<Receiver> {
  const requests: Receiver["requests"] = [];
  const points: ReceivedPoint[] = [];
  const resource = new Map<string, string>();
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (answer !== undefined && answer(request, response) !== PASS) return;
    void buffer(request).then((body) => {
      const isZipped = request.headers["content-encoding"] === "gzip";
      const plain = isZipped ? gunzipSync(body) : body;
      points.push(...decodeExport(plain));
      for (const [key, value] of decodeResource(plain)) resource.set(key, value);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    points,
    resource,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The points of an ExportMetricsServiceRequest, by the field numbers of opentelemetry/proto/metrics/v1. */
function decodeExport(body: Buffer): ReceivedPoint[] {
  const found: ReceivedPoint[] = [];
  for (const resourceMetrics of messages(decode(body), 1)) {
    for (const scopeMetrics of messages(resourceMetrics, 2)) {
      for (const metric of messages(scopeMetrics, 2)) {
        const name = String(metric.get(1)?.[0]);
        for (const data of [...messages(metric, 5), ...messages(metric, 7)]) {
          for (const point of messages(data, 1)) {
            const attributes = Object.fromEntries(textPairs(point, 7));
            found.push({ name, value: Number(point.get(4)?.[0]), attributes, bounds: [] });
          }
        }
        for (const histogram of messages(metric, 9)) {
          for (const point of messages(histogram, 1)) {
            const attributes = Object.fromEntries(textPairs(point, 9));
            const bounds = readDoubles(point.get(7)?.[0]);
            found.push({ name, value: readCount(point.get(4)?.[0]), attributes, bounds });
          }
        }
      }
    }
  }
  return found;
}

/** Text attributes of the resource, by the field numbers of opentelemetry/proto/resource and common. */
function decodeResource(body: Buffer): [key: string, value: string][] {
  return messages(decode(body), 1)
    .flatMap((resourceMetrics) => messages(resourceMetrics, 1))
    .flatMap((resource) => textPairs(resource, 1));
}

function textPairs(fields: Fields, number: number): [key: string, value: string][] {
  return messages(fields, number).map((pair) => [
    String(pair.get(1)?.[0]),
    String(messages(pair, 2)[0]?.get(1)?.[0]),
  ]);
}

function readDoubles(packed: number | Buffer | undefined): number[] {
  if (!Buffer.isBuffer(packed)) return [];
  return Array.from({ length: packed.length / 8 }, (_, index) => packed.readDoubleLE(index * 8));
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).filter((value) => Buffer.isBuffer(value)).map(decode);
}

/** A count is a fixed64 that `decode` took for a double. */
function readCount(asDouble: number | Buffer | undefined): number {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number(asDouble));
  return Number(bytes.readBigUInt64LE());
}

function decode(bytes: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = readVarint();
    const values = fields.get(tag >>> 3) ?? [];
    fields.set(tag >>> 3, values);
    if ((tag & 7) === 0) values.push(readVarint());
    else if ((tag & 7) === 1) {
      values.push(bytes.readDoubleLE(at));
      at += 8;
    } else if ((tag & 7) === 2) {
      const length = readVarint();
      values.push(bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${tag & 7}`);
  }
  return fields;
}
