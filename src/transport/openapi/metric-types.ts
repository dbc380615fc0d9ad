import type { MetricType } from "../../catalogue/definition.ts";

/** What a metric type means to those who send it; an extension of OpenAPI, which has no place for it. */
export interface MetricTypeDocument {
  /** As `type` of a metric names it. */
  readonly name: string;
  /** What one metric of it means. */
  readonly description: string;
  /** Its dimensions, with the values that are taken where not every one is. Others are stored too. */
  readonly dimensions: readonly { readonly name: string; readonly values?: readonly string[] }[];
  /** What Prometheus and OpenTelemetry make of it. */
  readonly instruments: readonly {
    readonly name: string;
    readonly kind: string;
    readonly unit: string;
    readonly description: string;
    readonly labels: readonly string[];
  }[];
}

/** A catalogue entry, as the document says it. */
export function describeMetricType(type: MetricType): MetricTypeDocument {
  return {
    name: type.name,
    description: type.description,
    dimensions: type.dimensions.map((name) => {
      const values = type.choices?.[name];
      return { name, ...(values !== undefined && { values }) };
    }),
    instruments: type.instruments.map(({ name, kind, unit, description, labels }) => ({
      name,
      kind,
      unit,
      description,
      labels,
    })),
  };
}
