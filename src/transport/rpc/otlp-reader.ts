/**
 * OTLP's Export from its bytes to points, without a message object for each of them: sums and histograms with bounds,
 * which are nearly all there is. Whatever is odd or rare is left to the generated classes, which give the same for
 * all that is read here; a test compares the two.
 */
import { hash } from "node:crypto";
import { InstrumentationScopeSchema } from "../../../gen/opentelemetry/proto/common/v1/common_pb.js";
import type {
  Attributes,
  DataPoint,
  Instrument,
  PointData,
  ResourcePoints,
  SentPoints,
  Temporality,
} from "../../otlp/data-point.ts";
import { SCAN_FROM_BYTES } from "../http/json-guard.ts";
import { fromLargeBinary } from "./large-binary.ts";
import { readAttributes } from "./otlp-attribute-reader.ts";
import { decodeResources, EXPORT_REQUEST, scopeText } from "./otlp-messages.ts";
import { temporalityOf } from "./otlp-readings.ts";
import { fieldsOf, OddMessageError, WireReader } from "./wire-reader.ts";

/** Tags of fields, as they stand before each: the field's number times eight, and its wire type. */
const REQUEST = { resourceMetrics: 10 } as const;
const RESOURCE_METRICS = { resource: 10, scopeMetrics: 18 } as const;
const RESOURCE = { attributes: 10 } as const;
const SCOPE_METRICS = { scope: 10, metrics: 18 } as const;
const METRIC = { name: 10, unit: 26 } as const;
/** A metric has one of these. */
const GAUGE = 42;
const SUM = 58;
const HISTOGRAM = 74;
const LEFT_TO_CLASSES = { exponentialHistogram: 82, summary: 90 } as const;
const DATA = { dataPoints: 10, temporality: 16, isMonotonic: 24 } as const;
const NUMBER_POINT = { start: 17, time: 25, asDouble: 33, asInt: 49, attributes: 58, flags: 64 } as const;
const HISTOGRAM_POINT = {
  start: 17,
  time: 25,
  count: 33,
  sum: 41,
  counts: 50,
  bounds: 58,
  attributes: 74,
  flags: 80,
  min: 89,
  max: 97,
} as const;

const KNOWN = {
  request: fieldsOf(REQUEST),
  resourceMetrics: fieldsOf(RESOURCE_METRICS),
  resource: fieldsOf(RESOURCE),
  scopeMetrics: fieldsOf(SCOPE_METRICS),
  metric: fieldsOf(METRIC, { GAUGE, SUM, HISTOGRAM }, LEFT_TO_CLASSES),
  data: fieldsOf(DATA),
  numberPoint: fieldsOf(NUMBER_POINT),
  histogramPoint: fieldsOf(HISTOGRAM_POINT),
} as const;

/** The points of a request. @throws for what is no such message, or would stall the service. */
export async function decodeExport(bytes: Buffer): Promise<SentPoints> {
  if (bytes.length <= SCAN_FROM_BYTES)
    try {
      const resources = readExportRequest(bytes);
      const count = resources.reduce((sum, { points }) => sum + points.length, 0);
      return { count, leftOut: [], read: async () => resources };
    } catch (error) {
      if (!(error instanceof OddMessageError)) throw error;
    }
  const { resourceMetrics } = await fromLargeBinary(EXPORT_REQUEST, bytes);
  return decodeResources(resourceMetrics);
}

/** Resources that have points. @throws {OddMessageError} for what is left to the generated classes. */
export function readExportRequest(bytes: Buffer): readonly ResourcePoints[] {
  const reader = new WireReader(bytes);
  const resources: ResourcePoints[] = [];
  while (reader.at < reader.length) {
    const tag = reader.varint();
    if (tag !== REQUEST.resourceMetrics) {
      reader.skipUnknown(tag, KNOWN.request);
      continue;
    }
    const end = reader.endOfMessage();
    const sent = bytes.subarray(reader.at, end);
    const { attributes, points } = readResourceMetrics(reader, end);
    if (points.length === 0) continue;
    resources.push({ attributes, points, fingerprint: hash("sha256", sent, "base64url") });
  }
  return resources;
}

function readResourceMetrics(reader: WireReader, end: number): Omit<ResourcePoints, "fingerprint"> {
  let attributes: Attributes | undefined;
  const points: DataPoint[] = [];
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === RESOURCE_METRICS.scopeMetrics) readScopeMetrics(reader, points);
    else if (tag === RESOURCE_METRICS.resource) {
      if (attributes !== undefined) throw new OddMessageError("a resource comes twice");
      attributes = readResource(reader);
    } else reader.skipUnknown(tag, KNOWN.resourceMetrics);
  }
  reader.expectEnd(end);
  return { attributes: attributes ?? NO_ATTRIBUTES, points };
}

function readResource(reader: WireReader): Attributes {
  const end = reader.endOfMessage();
  let attributes: Attributes | undefined;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === RESOURCE.attributes) attributes = once(attributes, readAttributes(reader, tag, end));
    else reader.skipUnknown(tag, KNOWN.resource);
  }
  reader.expectEnd(end);
  return attributes ?? NO_ATTRIBUTES;
}

function readScopeMetrics(reader: WireReader, points: DataPoint[]): void {
  const end = reader.endOfMessage();
  let scope: string | undefined;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === SCOPE_METRICS.metrics) {
      scope ??= "";
      readMetric(reader, scope, points);
    } else if (tag === SCOPE_METRICS.scope) {
      // Behind a metric it would name the one before, too.
      if (scope !== undefined) throw new OddMessageError("a scope comes late, or twice");
      scope = scopeText(reader.message(InstrumentationScopeSchema, reader.endOfMessage()));
    } else reader.skipUnknown(tag, KNOWN.scopeMetrics);
  }
  reader.expectEnd(end);
}

/** Its data are read last: they have what the other fields say. */
function readMetric(reader: WireReader, scope: string, points: DataPoint[]): void {
  const end = reader.endOfMessage();
  let name = "";
  let unit = "";
  let kind = 0;
  let dataAt = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === METRIC.name) name = reader.text();
    else if (tag === METRIC.unit) unit = reader.text();
    else if (tag === GAUGE || tag === SUM || tag === HISTOGRAM) {
      if (kind !== 0) throw new OddMessageError("data come twice");
      kind = tag;
      dataAt = reader.at;
      reader.skip(tag);
    } else reader.skipUnknown(tag, KNOWN.metric);
  }
  reader.expectEnd(end);
  if (kind === 0) return;
  reader.at = dataAt;
  readData(reader, kind, { name, unit, scope }, points);
  reader.at = end;
}

/** What the points of a metric share. */
interface Shared {
  readonly instrument: Instrument;
  readonly temporality: Temporality;
  readonly isMonotonic: boolean;
}

function readData(reader: WireReader, kind: number, instrument: Instrument, points: DataPoint[]): void {
  const end = reader.endOfMessage();
  let temporality = 0;
  let isMonotonic = false;
  const starts: number[] = [];
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === DATA.dataPoints) {
      starts.push(reader.at);
      reader.skip(tag);
    } else if (tag === DATA.temporality && kind !== GAUGE) temporality = reader.varint();
    else if (tag === DATA.isMonotonic && kind === SUM) isMonotonic = reader.varint() !== 0;
    else reader.skipUnknown(tag, KNOWN.data);
  }
  reader.expectEnd(end);
  const shared = { instrument, temporality: temporalityOf(temporality), isMonotonic };
  for (const start of starts) {
    reader.at = start;
    points.push(
      kind === HISTOGRAM ? readHistogramPoint(reader, shared) : readNumberPoint(reader, kind, shared),
    );
  }
}

function readNumberPoint(reader: WireReader, kind: number, { instrument, ...rest }: Shared): DataPoint {
  const end = reader.endOfMessage();
  let attributes: Attributes | undefined;
  let startNs = 0n;
  let timeNs = 0n;
  let value: number | undefined;
  let flags = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === NUMBER_POINT.attributes) attributes = once(attributes, readAttributes(reader, tag, end));
    else if (tag === NUMBER_POINT.start) startNs = reader.uint64();
    else if (tag === NUMBER_POINT.time) timeNs = reader.uint64();
    else if (tag === NUMBER_POINT.asDouble) value = reader.double();
    else if (tag === NUMBER_POINT.asInt) value = reader.int64AsNumber();
    else if (tag === NUMBER_POINT.flags) flags = reader.varint();
    else reader.skipUnknown(tag, KNOWN.numberPoint);
  }
  reader.expectEnd(end);
  const read = (value: number): PointData =>
    kind === GAUGE ? { kind: "gauge", value } : { kind: "sum", ...rest, value };
  const data: PointData = value === undefined ? { kind: "no value" } : read(value);
  return {
    instrument,
    attributes: attributes ?? NO_ATTRIBUTES,
    startNs,
    timeNs,
    data: isEmpty(flags) ? EMPTY : data,
  };
}

function readHistogramPoint(reader: WireReader, { instrument, temporality }: Shared): DataPoint {
  const end = reader.endOfMessage();
  let attributes: Attributes | undefined;
  let startNs = 0n;
  let timeNs = 0n;
  let count = 0;
  let sum: number | undefined;
  let min: number | undefined;
  let max: number | undefined;
  let counts: number[] | undefined;
  let bounds: number[] | undefined;
  let flags = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === HISTOGRAM_POINT.attributes) attributes = once(attributes, readAttributes(reader, tag, end));
    else if (tag === HISTOGRAM_POINT.start) startNs = reader.uint64();
    else if (tag === HISTOGRAM_POINT.time) timeNs = reader.uint64();
    else if (tag === HISTOGRAM_POINT.count) count = reader.uint64AsNumber();
    else if (tag === HISTOGRAM_POINT.sum) sum = reader.double();
    else if (tag === HISTOGRAM_POINT.min) min = reader.double();
    else if (tag === HISTOGRAM_POINT.max) max = reader.double();
    else if (tag === HISTOGRAM_POINT.counts) counts = once(counts, reader.uint64List());
    else if (tag === HISTOGRAM_POINT.bounds) bounds = once(bounds, reader.doubleList());
    else if (tag === HISTOGRAM_POINT.flags) flags = reader.varint();
    else reader.skipUnknown(tag, KNOWN.histogramPoint);
  }
  reader.expectEnd(end);
  const lists = { bounds: bounds ?? [], counts: counts ?? [] };
  const data: PointData = { kind: "histogram", temporality, count, sum, min, max, ...lists };
  return {
    instrument,
    attributes: attributes ?? NO_ATTRIBUTES,
    startNs,
    timeNs,
    data: isEmpty(flags) ? EMPTY : data,
  };
}

/** A list that comes in two parts would be one. */
function once<List>(before: List | undefined, list: List): List {
  if (before !== undefined) throw new OddMessageError("a list comes in parts");
  return list;
}

const NO_ATTRIBUTES: Attributes = new Map();

const EMPTY: PointData = { kind: "no recorded value" };

/** Whether the flag says that nothing was recorded (DataPointFlags). */
function isEmpty(flags: number): boolean {
  return flags % 2 === 1;
}
