/** Who exports: the attributes of the OTLP resource, the labels of `target_info`. */
export interface ResourceOptions {
  /** OTEL_SERVICE_NAME, which has defaults of its own. */
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** The same over restarts, and no other service's: two with one id overwrite each other at a collector. */
  readonly instanceId: string;
  /** OTEL_RESOURCE_ATTRIBUTES. Wins over version and instance: the operator knows where this runs. */
  readonly resourceAttributes?: Readonly<Record<string, string>>;
}

/** The resource, by the names of OpenTelemetry's semantic conventions for services. */
export function describeResource(options: ResourceOptions): Record<string, string> {
  return {
    "service.version": options.serviceVersion,
    "service.instance.id": options.instanceId,
    ...options.resourceAttributes,
    // Last: whoever chose it has read that variable too.
    "service.name": options.serviceName,
  };
}

/**
 * Attributes as Prometheus labels, as OpenTelemetry's compatibility rules want them
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-attributes).
 *
 * PrometheusSerializer (exporter-prometheus 0.301.0) replaces the characters too, but writes a label twice
 * for two names that differ in nothing else (`a.b`, `a_b`), and leaves a digit in front; for either,
 * Prometheus throws the whole scrape away. Here the values of such names share the label, with `;`
 * between them, in the order of the names.
 */
export function toLabels(attributes: Readonly<Record<string, string>>): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes).sort(byName)) {
    const clean = name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/_{2,}/g, "_");
    const label = /^\d/.test(clean) ? `key_${clean}` : clean;
    const other = labels.get(label);
    labels.set(label, other === undefined ? value : `${other};${value}`);
  }
  return labels;
}

function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}
