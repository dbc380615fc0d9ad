/** Plain requests, as a program with nothing but an HTTP client sends them. */
import { ADMIN_KEY, WRITER_KEY } from "./service.ts";

export type RequestHeaders = Readonly<Record<string, string>>;

/** Headers of who holds the keys of every test service. */
export const ADMIN: RequestHeaders = { "x-api-key": ADMIN_KEY };
export const WRITER: RequestHeaders = { "x-api-key": WRITER_KEY };

/** An answer as it came over the wire. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface JsonAnswer extends RestAnswer {
  /** The body as JSON; empty where it is something else. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What can be sent: text and bytes as they are, any other object as JSON with its media type. */
export type RequestBody = string | Uint8Array<ArrayBuffer> | object;

/** Send one request over HTTP/1.1, and read the answer whole. Given headers go before those of `body`. */
export async function send(
  method: string,
  url: string,
  headers: RequestHeaders = {},
  body?: RequestBody,
): Promise<JsonAnswer> {
  const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const type: RequestHeaders = isRaw ? {} : { "content-type": "application/json" };
  const bytes = isRaw ? body : JSON.stringify(body);
  const answer = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    ...(bytes !== undefined && { body: bytes }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson && text !== "" ? JSON.parse(text) : {},
  };
}

/** Who submits. */
export interface Submitter {
  /** The writer key of the test services, unless said otherwise. */
  readonly key?: string;
  readonly service?: string;
  readonly version?: string;
  readonly instance_id?: string;
  readonly headers?: RequestHeaders;
}

/** Submit metrics over REST, whatever is answered. */
export function submitMetrics(
  url: string,
  metrics: readonly object[],
  { key = WRITER_KEY, service = "test", version, instance_id, headers }: Submitter = {},
): Promise<JsonAnswer> {
  const body = { service, version, instance_id, metrics };
  return send("POST", `${url}/metrics`, { "x-api-key": key, ...headers }, body);
}

/** `submitMetrics`, for a test that goes on only with what is stored. @throws with the answer's text. */
export async function storeMetrics(
  url: string,
  metrics: readonly object[],
  submitter?: Submitter,
): Promise<void> {
  const { status, text } = await submitMetrics(url, metrics, submitter);
  if (status !== 200) throw new Error(text);
}
