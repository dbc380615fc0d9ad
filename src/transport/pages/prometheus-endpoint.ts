import type { Admit } from "../../access/admission.ts";
import type { RequestIdentity } from "../../access/call.ts";
import type { AnsweredCall } from "../../access/usage-log.ts";
import { RULES } from "../../api/rules.ts";
import { FAILURES } from "../../errors.ts";
import type { ClientAddress } from "../http/client-address.ts";
import { credentialsOf } from "../http/credentials.ts";
import type { NodeRequest, NodeResponse, OnRequest } from "../http/exchange.ts";

/** What the scrape port answers from. */
export interface PrometheusEndpointOptions {
  /** Everything that is exported, as Prometheus reads it. */
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Undefined: open to everybody who reaches the port. */
  readonly admit: Admit | undefined;
  /** Whose failed authentications are counted. */
  readonly clientAddress: ClientAddress;
  /** The id of a scrape, which usage is not counted by but admission asks for. */
  readonly nextRequest: () => RequestIdentity;
  /** Called for each answer to a caller with a key. */
  readonly countUsage: (answered: AnsweredCall) => void;
  /** ms of a clock that never goes back. */
  readonly monotonicMs: () => number;
}

/** The scrape port: `GET /metrics` and nothing else, in plain text as Prometheus and people read it. */
export function createPrometheusEndpoint({
  expose,
  admit,
  clientAddress,
  nextRequest,
  countUsage,
  monotonicMs,
}: PrometheusEndpointOptions): OnRequest {
  return async (request, response) => {
    const [path] = (request.url ?? "").split("?", 1);
    if (path !== "/metrics") return answer(request, response, 404, "Not Found: scrape /metrics\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return answer(request, response, 405, "Method Not Allowed\n");
    }
    if (admit !== undefined) {
      const startedMs = monotonicMs();
      const credentials = credentialsOf(request, clientAddress);
      const { failure, apiKeyId } = admit(credentials, RULES.metrics.scrapePort, nextRequest());
      response.once("close", () => {
        const seconds = (monotonicMs() - startedMs) / 1000;
        countUsage({ apiKeyId, endpoint: path, status: response.statusCode, seconds, bodyBytes: 0 });
      });
      if (failure !== undefined) {
        response.setHeader("www-authenticate", "Bearer");
        const { retryAfterSeconds } = failure;
        if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
        return answer(request, response, FAILURES[failure.reason].httpStatus, `${failure.message}\n`);
      }
    }
    const { contentType, text } = await expose();
    response.setHeader("content-type", contentType);
    answer(request, response, 200, text);
  };
}

/** Answer with text; a HEAD gets its headers alone. */
function answer(request: NodeRequest, response: NodeResponse, status: number, text: string): void {
  response.statusCode = status;
  if (!response.hasHeader("content-type")) response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("content-length", Buffer.byteLength(text));
  response.end(request.method === "HEAD" ? "" : text);
}
