/** Requests to services that are killed, filled up or stopped: each on a connection of its own. */

import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { KEYS } from "../support/service-process.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Metric {
  readonly type: string;
  readonly value: number;
  readonly dimensions?: Readonly<Record<string, unknown>>;
}

export const metric = (value: number): Metric => ({
  type: "custom",
  value,
  dimensions: { metric_name: "m" },
});

export function submissionOf(values: readonly number[]): string {
  return JSON.stringify({ service: "gateway", metrics: values.map(metric) });
}

export interface Sent {
  readonly request: ClientRequest;
  /** Rejects when the connection ends without an answer. */
  readonly answer: Promise<Answer>;
}

/** Begin a request on a connection of its own; the caller writes the body. */
export function begin(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Sent {
  const sent = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    agent: false,
    headers: { "x-api-key": KEYS.gateway, "content-type": "application/json", ...headers },
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      text(response).then((body) => {
        const isJson = String(response.headers["content-type"]).includes("json");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: isJson ? JSON.parse(body) : { text: body },
        });
      }, reject);
    });
  });
  return { request: sent, answer };
}

export function get(port: number, path: string): Promise<Answer> {
  const sent = begin(port, "GET", path);
  sent.request.end();
  return sent.answer;
}

/** Submit these values; a failed connection is status 0. */
export async function submit(port: number, values: readonly number[], key?: string): Promise<Answer> {
  const sent = begin(port, "POST", "/metrics", key === undefined ? {} : { "idempotency-key": key });
  sent.request.end(submissionOf(values));
  return sent.answer.catch(() => ({ status: 0, headers: {}, body: {} }));
}

export function flush(port: number): Promise<Answer> {
  const sent = begin(port, "POST", "/flush");
  sent.request.end();
  return sent.answer;
}

/** A Submit whose headers are admitted and whose body the service waits for. */
export async function submitInFlight(port: number, values: readonly number[]) {
  const body = submissionOf(values);
  const sent = begin(port, "POST", "/metrics", {
    connection: "keep-alive",
    expect: "100-continue",
    "content-length": `${Buffer.byteLength(body)}`,
  });
  // Whoever does not care for the answer must not be ended by its absence.
  sent.answer.catch(() => {});
  const admitted = new Promise((resolve) => sent.request.once("continue", resolve));
  sent.request.flushHeaders();
  await admitted;
  return { answer: sent.answer, finish: () => void sent.request.end(body) };
}

/** The values on disk, in order of arrival. */
export function valuesIn(databasePath: string): readonly number[] {
  return readDatabase(databasePath, (database) =>
    database.all("SELECT value FROM measurements ORDER BY id").map(({ value }) => Number(value)),
  );
}
