/**
 * What the attributes of a point become: dimensions, and metadata where there are more of them than a metric
 * may have. No attribute rejects its point: what does not fit is shortened or left out, and `leaveOut` is told.
 */
import { findMetricType } from "../catalogue/catalogue.ts";
import { LIMITS } from "../catalogue/limits.ts";
import { cutTo, isLongerThan, quote } from "../ingest/text.ts";
import type { Reject } from "../ingest/validate-fields.ts";
import type { Attributes } from "./data-point.ts";
import { ERROR_FIELD, type InstrumentMapping, NAME_DIMENSION } from "./mapping.ts";

/** What dimensions and metadata hold here. */
type Scalar = string | number | boolean | null;
type Fields = Map<string, Scalar>;

/** The fields of a metric that its point's attributes become. */
interface MappedAttributes {
  readonly dimensions: Readonly<Record<string, Scalar>>;
  /** Undefined where there is none. */
  readonly metadata: Readonly<Record<string, Scalar>> | undefined;
}

/**
 * Attributes with a place in the mapping are dimensions under its names, all others under their own; an error
 * goes into the metadata, and its absence is success.
 *
 * @param name the instrument's, which is a dimension too
 */
export function mapAttributes(
  name: string,
  attributes: Attributes,
  mapping: InstrumentMapping,
  leaveOut: Reject,
): MappedAttributes {
  const nameDimension = mapping.type === "custom" ? NAME_DIMENSION.custom : NAME_DIMENSION.other;
  const dimensions: Fields = new Map([[nameDimension, name]]);
  const metadata: Fields = new Map();
  const placed = new Set<string>();
  for (const { attribute, dimension } of mapping.attributes) {
    if (dimensions.has(dimension) || !attributes.has(attribute)) continue;
    dimensions.set(dimension, toScalar(attributes.get(attribute)));
    placed.add(attribute);
  }
  const { errorAttribute } = mapping;
  if (errorAttribute !== undefined) {
    const isError = attributes.has(errorAttribute);
    dimensions.set("success", !isError);
    if (isError) metadata.set(ERROR_FIELD, toScalar(attributes.get(errorAttribute)));
    placed.add(errorAttribute);
  }
  const others = underOwnNames(attributes, placed, dimensions, leaveOut);
  if (others.size > 0) addOthers(others, mapping, { dimensions, metadata }, leaveOut);
  shortenValues(dimensions, LIMITS.DIMENSION_VALUE_LENGTH_MAX, leaveOut);
  shortenValues(metadata, LIMITS.METADATA_VALUE_LENGTH_MAX, leaveOut);
  return {
    dimensions: Object.fromEntries(dimensions),
    metadata: metadata.size === 0 ? undefined : Object.fromEntries(metadata),
  };
}

/** What sets of attributes became, for as long as somebody has them: exporters send the same ones again and again. */
const mapped = new WeakMap<Attributes, Map<InstrumentMapping, Map<string, MappedAttributes>>>();
/** Instruments that one set of attributes is remembered for; beyond, it is mapped anew. */
const INSTRUMENTS_MAX = 16;

/** The same, found again where nothing of the attributes was left out. */
export function mapRemembered(
  name: string,
  attributes: Attributes,
  mapping: InstrumentMapping,
  leaveOut: Reject,
): MappedAttributes {
  let byMapping = mapped.get(attributes);
  const known = byMapping?.get(mapping)?.get(name);
  if (known !== undefined) return known;
  let isWhole = true;
  const found = mapAttributes(name, attributes, mapping, (...reason) => {
    isWhole = false;
    leaveOut(...reason);
  });
  if (!isWhole) return found;
  byMapping ??= new Map();
  mapped.set(attributes, byMapping);
  const byName = byMapping.get(mapping) ?? new Map<string, MappedAttributes>();
  byMapping.set(mapping, byName);
  if (byName.size < INSTRUMENTS_MAX) byName.set(name, found);
  return found;
}

/**
 * Of the attributes without a place in the mapping each under a name that a dimension may have. Several may
 * come to the same name: equal values are one, others are joined in the order of their keys, as OpenTelemetry
 * joins them for Prometheus. A name that the mapping has given a value is not to be overwritten.
 */
function underOwnNames(
  attributes: Attributes,
  placed: ReadonlySet<string>,
  taken: Fields,
  leaveOut: Reject,
): Fields {
  const valuesOf = new Map<string, Scalar[]>();
  const keys = [...attributes.keys()].filter((key) => !placed.has(key));
  for (const key of keys.sort()) {
    const value = toScalar(attributes.get(key));
    const plain = dimensionName(key, leaveOut);
    const own = taken.get(plain);
    if (own !== undefined && isSame(own, value)) continue;
    const name = own === undefined ? plain : `${RESERVED_PREFIX}${plain}`;
    const values = valuesOf.get(name);
    if (values === undefined) valuesOf.set(name, [value]);
    else if (!values.some((one) => isSame(one, value))) values.push(value);
  }
  const join = (values: readonly Scalar[]) => (values.length === 1 ? (values[0] ?? null) : values.join(";"));
  return new Map([...valuesOf].map(([name, values]) => [name, join(values)]));
}

/** As text, which they are to whoever filters by them. */
function isSame(one: Scalar, other: Scalar): boolean {
  return String(one) === String(other);
}

/** Before the name of an attribute that would be a dimension which the service sets itself. */
const RESERVED_PREFIX = "attr_";

/** Those that the type knows come first, as it is by them that metrics are filtered. */
function addOthers(
  others: Fields,
  { type }: InstrumentMapping,
  { dimensions, metadata }: Readonly<Record<"dimensions" | "metadata", Fields>>,
  leaveOut: Reject,
): void {
  const known = findMetricType(type)?.dimensions ?? [];
  const isKnown = ([name]: [string, Scalar]) => known.includes(name);
  const ordered = [...others].filter(isKnown).concat([...others].filter((other) => !isKnown(other)));
  let left = 0;
  let moved = 0;
  for (const [name, value] of ordered) {
    if (dimensions.size < LIMITS.DIMENSIONS_MAX) dimensions.set(name, value);
    else if (metadata.size < LIMITS.METADATA_FIELDS_MAX) {
      metadata.set(name, value);
      moved += 1;
    } else left += 1;
  }
  if (moved > 0) leaveOut("attributes", "too_many", `${moved} attributes became metadata, ${left} nothing`);
}

function shortenValues(fields: Fields, lengthMax: number, leaveOut: Reject): void {
  for (const [name, value] of fields) {
    if (typeof value !== "string" || !isLongerThan(value, lengthMax)) continue;
    leaveOut("attributes", "value_too_long", `${name} has more than ${lengthMax} characters`);
    fields.set(name, cutTo(value, lengthMax));
  }
}

/** `http.request.method` → `http_request_method`, as a dimension may be called. */
function dimensionName(attribute: string, leaveOut: Reject): string {
  const lengthMax = LIMITS.DIMENSION_KEY_LENGTH_MAX;
  // Longer than any name can become: no megabyte is rewritten first.
  const name = attribute.slice(0, 4 * lengthMax).replace(/[^A-Za-z0-9_]/gu, "_");
  const whole = /^[0-9]/.test(name) ? `_${name}` : name || "_";
  if (whole.length <= lengthMax) return whole;
  leaveOut("attributes", "key_too_long", `the key ${quote(attribute)} has more than ${lengthMax} characters`);
  return whole.slice(0, lengthMax);
}

/** Lists and the like as JSON, numbers that JSON has no spelling for as text. */
function toScalar(value: unknown): Scalar {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  return JSON.stringify(value);
}
