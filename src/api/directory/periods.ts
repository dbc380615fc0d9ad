import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../lib/time.ts";
import { malformed } from "./read-request.ts";

/** A time that ends now, and how finely it is drawn. */
export interface ChartPeriod {
  /** As requests name it. */
  readonly name: string;
  /** Its length. */
  readonly ms: number;
  /** The length of a step of its series. */
  readonly stepMs: number;
  /** How long an answer about it may be kept. */
  readonly maxAgeSeconds: number;
}

/** The periods that directories' pages offer. */
export const CHART_PERIODS: readonly ChartPeriod[] = [
  { name: "1h", ms: HOUR_MS, stepMs: MINUTE_MS, maxAgeSeconds: 30 },
  { name: "6h", ms: 6 * HOUR_MS, stepMs: 5 * MINUTE_MS, maxAgeSeconds: 60 },
  { name: "12h", ms: 12 * HOUR_MS, stepMs: 10 * MINUTE_MS, maxAgeSeconds: 60 },
  { name: "1d", ms: DAY_MS, stepMs: 15 * MINUTE_MS, maxAgeSeconds: 300 },
  { name: "7d", ms: 7 * DAY_MS, stepMs: HOUR_MS, maxAgeSeconds: 900 },
  { name: "30d", ms: 30 * DAY_MS, stepMs: DAY_MS, maxAgeSeconds: 3600 },
  { name: "90d", ms: 90 * DAY_MS, stepMs: DAY_MS, maxAgeSeconds: 3600 },
];

/** Where the request names none. */
const DEFAULT = "7d";

/** @throws {ServiceError} `malformed_body` */
export function readPeriod(name: string | undefined): ChartPeriod {
  return CHART_PERIODS.find((period) => period.name === (name || DEFAULT)) ?? malformed("Invalid period");
}
