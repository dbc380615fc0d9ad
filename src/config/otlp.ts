import type { SettingValues } from "./settings.ts";

type OtlpSettings = SettingValues["otlp"];

/** A collector that takes OTLP as protobuf over HTTP. */
export interface OtlpTarget
  extends Pick<OtlpSettings, "compression" | "timeoutMs" | "temporality" | "intervalMs"> {
  /** In full, path included. May hold a password: not for logs. */
  readonly url: string;
  /** Lower-case names. Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

const METRICS_PATH = "/v1/metrics";

/**
 * Where metrics are pushed to; undefined while no endpoint is given. The service's own name wins, then
 * the narrower of OpenTelemetry's two, which alone is taken as it stands.
 */
export function otlpTarget(settings: OtlpSettings): OtlpTarget | undefined {
  const { compression, timeoutMs, temporality, intervalMs } = settings;
  const url = settings.ownEndpoint
    ? withMetricsPath(settings.ownEndpoint)
    : (settings.metricsEndpoint ?? (settings.endpoint && withMetricsPath(settings.endpoint)));
  if (url === undefined) return undefined;
  const headers = { ...settings.headers, ...settings.metricsHeaders };
  return { url: url.href, headers, compression, timeoutMs, temporality, intervalMs };
}

function withMetricsPath(endpoint: URL): URL {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(METRICS_PATH) ? base : `${base}${METRICS_PATH}`;
  return url;
}
