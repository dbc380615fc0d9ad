import type { Principal } from "../../access/call.ts";
import { invalidField, ServiceError } from "../../errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../lib/time.ts";

/** What figures are asked of, as the query of a URL spells it. */
export interface FiguresRequest {
  /** Undefined: the key's own service, or all services for a key that sees all. */
  readonly service: string | undefined;
  /** How far back, as `90s`, `15m`, `1h`, `7d` or a number of seconds. Undefined: an hour. */
  readonly window: string | undefined;
}

/** What figures are read of. */
export interface FiguresScope {
  /** Undefined: all. */
  readonly service: string | undefined;
  /** How far back from now. */
  readonly windowMs: number;
}

/** 1095 days: three years. */
const WINDOW_MS_MAX = 1095 * DAY_MS;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** @throws {ServiceError} `validation_failed`, `service_not_allowed`. */
export function readScope({ service, window }: FiguresRequest, principal: Principal): FiguresScope {
  return { service: readService(service, principal), windowMs: readWindow(window) };
}

/**
 * Of a caller without a key: all services together. @throws {ServiceError} `validation_failed`;
 *   `api_key_missing` for one that names a service, whether or not there is such a service.
 */
export function readOpenScope({ service, window }: FiguresRequest): FiguresScope {
  if (service !== undefined)
    throw new ServiceError("api_key_missing", "API key required in X-API-Key header");
  return { service, windowMs: readWindow(window) };
}

/**
 * The service whose figures a key sees; undefined: of all.
 *
 * @throws {ServiceError} `service_not_allowed` for a writer's key that asks for another, whether or not
 *   there is such a service.
 */
export function readService(
  service: string | undefined,
  { role, service: own }: Principal,
): string | undefined {
  if (role !== "writer") return service;
  if (service === undefined || service === own) return own;
  throw new ServiceError("service_not_allowed", `this key sees the service "${own}" only`);
}

function readWindow(window: string | undefined): number {
  if (window === undefined) return HOUR_MS;
  const [, digits = "", unit = "s"] = /^(\d{1,10})([smhd])?$/.exec(window) ?? [];
  const windowMs = Number(digits) * (UNITS_MS[unit] ?? 0);
  if (windowMs > 0 && windowMs <= WINDOW_MS_MAX) return windowMs;
  const message = "window must be 1s to 1095d, such as 90s, 15m, 1h or 7d";
  throw invalidField("window", "invalid", message);
}
