import type { SettingValues } from "./settings.ts";

type OtlpSettings = SettingValues["otlp"];

/** Where and how metrics are pushed: a collector that takes OTLP as protobuf over HTTP. */
export interface OtlpTarget
  extends Pick<OtlpSettings, "compression" | "timeoutMs" | "temporality" | "intervalMs"> {
  /** In full, path included. It may hold a password, so it is not for logs. */
  readonly url: string;
  /** Sent with every export; names in lower case, values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where OTLP over HTTP takes metrics: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
const METRICS_PATH = "/v1/metrics";

/**
 * Where metrics are pushed to; undefined while no endpoint is given. The service's own variable wins, then
 * the one for metrics among OpenTelemetry's, then the one for all signals. Only the second is taken as it
 * stands: a base URL gets the path of metrics, as https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * asks.
 */
export function otlpTarget(settings: OtlpSettings): OtlpTarget | undefined {
  const { compression, timeoutMs, temporality, ownIntervalMs } = settings;
  const intervalMs = ownIntervalMs ?? settings.intervalMs;
  const url = settings.ownEndpoint
    ? withMetricsPath(settings.ownEndpoint)
    : (settings.metricsEndpoint ?? (settings.endpoint && withMetricsPath(settings.endpoint)));
  if (url === undefined) return undefined;
  const headers = { ...settings.headers, ...settings.metricsHeaders };
  return { url: url.href, headers, compression, timeoutMs, temporality, intervalMs };
}

/** A URL that has the path already keeps it, because operators write either. */
function withMetricsPath(endpoint: URL): URL {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(METRICS_PATH) ? base : `${base}${METRICS_PATH}`;
  return url;
}
