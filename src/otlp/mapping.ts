/**
 * What of OpenTelemetry becomes what of ours, as data. README and docs/otlp.md say the same.
 */
import { METRIC_TYPES } from "../catalogue/catalogue.ts";
import {
  INSTRUMENT_DIMENSION,
  OPERATION_ATTRIBUTES,
  OPERATION_INSTRUMENTS,
} from "../catalogue/mcp-operations.ts";

/** A metric type for an instrument. */
export interface InstrumentMapping {
  readonly type: string;
  /**
   * What `value` is: what the point counts, how many values it distributes, or nothing where another
   * instrument counts the same.
   */
  readonly value: "amount" | "count" | "zero";
  readonly attributes: readonly AttributeMapping[];
  /** The attribute that names an error. Its absence is success. */
  readonly errorAttribute?: string;
}

/** An attribute under another name than its own. Of several for one dimension the first that is there. */
export interface AttributeMapping {
  readonly attribute: string;
  readonly dimension: string;
}

/** The semantic conventions of MCP (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/). */
const OPERATION: InstrumentMapping = {
  type: "tool_execution",
  value: "count",
  attributes: [
    { attribute: OPERATION_ATTRIBUTES.method, dimension: "method" },
    { attribute: OPERATION_ATTRIBUTES.tool, dimension: "tool_name" },
    { attribute: "mcp.tool.name", dimension: "tool_name" },
    { attribute: "mcp.server.name", dimension: "server_name" },
    { attribute: "server.address", dimension: "server_name" },
    { attribute: "mcp.client.name", dimension: "client_name" },
  ],
  errorAttribute: OPERATION_ATTRIBUTES.error,
};

/** By kind of point and the instrument's name. What is not here is `custom`. */
export const INSTRUMENTS: Readonly<Record<"sum" | "histogram", ReadonlyMap<string, InstrumentMapping>>> = {
  sum: new Map(ownInstruments("counter", "value", "amount")),
  histogram: new Map([
    [OPERATION_INSTRUMENTS.server.name, OPERATION],
    [OPERATION_INSTRUMENTS.client.name, OPERATION],
    // Their counters count the same operations.
    ...ownInstruments("histogram", "duration_ms", "zero"),
  ]),
};

/**
 * Instruments of gateways that this service exports itself, under the same labels. Not a composer's: several
 * of its instruments count the same events.
 */
function ownInstruments(
  kind: "counter" | "histogram",
  from: "value" | "duration_ms",
  value: InstrumentMapping["value"],
): (readonly [string, InstrumentMapping])[] {
  return METRIC_TYPES.filter((type) => type.name !== "custom" && !type.isPerInstance).flatMap((type) =>
    type.instruments
      .filter((instrument) => instrument.kind === kind && instrument.records.from === from)
      .map(({ name }) => [name, { type: type.name, value, attributes: [] }] as const),
  );
}

/** Where the name of an instrument is kept: a dimension of `custom`, and of any other type. */
export const NAME_DIMENSION = { custom: "metric_name", other: INSTRUMENT_DIMENSION } as const;
/** Where what `errorAttribute` says is kept: in the metadata. */
export const ERROR_FIELD = "error_code";

/** MCP's durations by the semantic conventions, those that are to come among them. */
const MCP_DURATION = /^mcp\..*\.duration$/s;

/** Whether a histogram of that name has durations, whatever its unit says. */
export function isDurationName(name: string): boolean {
  return INSTRUMENTS.histogram.has(name) || MCP_DURATION.test(name);
}

/** What a resource attribute becomes. */
export const RESOURCE_ATTRIBUTES = {
  service: "service.name",
  version: "service.version",
  instanceId: "service.instance.id",
} as const;

/** What an SDK calls the service of somebody who has not named it. */
export const UNKNOWN_SERVICE = /^unknown_service(:.*)?$/s;
/** Resources with this attribute describe an SDK, which counts from zero. */
export const SDK_ATTRIBUTE = "telemetry.sdk.name";
