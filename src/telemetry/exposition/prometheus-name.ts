/** What Prometheus appends for a unit; there are no others here. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/**
 * The name of a family as Prometheus shows it. One by OpenTelemetry's rules, with dots, becomes another as
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ says: underscores, and
 * the unit behind. Every other name of ours is Prometheus's own, in full.
 */
export function toPrometheusName({ name, unit }: { readonly name: string; readonly unit: string }): string {
  if (!name.includes(".")) return name;
  const clean = name.replace(/[^a-zA-Z0-9_:]+/g, "_");
  const suffix = UNIT_SUFFIXES[unit] ?? "";
  return clean.endsWith(suffix) ? clean : clean + suffix;
}
