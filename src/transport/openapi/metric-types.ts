import type { MetricType } from "../../catalogue/definition.ts";

/** What a metric type means to those who send it; an extension of OpenAPI, which has no place for it. */
export interface MetricTypeDocument {
  readonly name: string;
  readonly description: string;
  /** What it is told apart by, with the values that are taken where not every one is. Others are stored too. */
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
