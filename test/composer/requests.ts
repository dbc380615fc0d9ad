import { type JsonAnswer, send } from "../support/http.ts";
import type { TestService } from "../support/service.ts";

/** GET with a bearer token, as Prometheus and composers' clients send it. */
export function get({ url }: TestService, path: string, key?: string): Promise<JsonAnswer> {
  return send("GET", url + path, key === undefined ? {} : { authorization: `Bearer ${key}` });
}
