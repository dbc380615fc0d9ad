/** The fields of an event as JSON shows them, and as one line. */
export interface FieldValue {
  readonly kind: { readonly case?: string | undefined; readonly value?: unknown };
}

/** A value of `google.protobuf.Value` as text; of dimensions and metadata only scalars come. */
export function fieldText({ kind }: FieldValue): string {
  return kind.case === undefined || kind.case === "nullValue" ? "null" : String(kind.value);
}

/** What a dimension says of how it ended; undefined where it says nothing. */
export function eventOutcome(
  dimensions: Readonly<Record<string, FieldValue>>,
): "success" | "failure" | undefined {
  const said = dimensions.success ?? dimensions.healthy;
  if (said === undefined) return undefined;
  const text = fieldText(said).toLowerCase();
  if (text === "true" || text === "1") return "success";
  return text === "false" || text === "0" ? "failure" : undefined;
}

/** What comes first in a line, of everything the catalogue knows. */
const SALIENT = [
  "error_code",
  "tool_name",
  "method",
  "server_name",
  "server",
  "client_name",
  "flow_step",
  "endpoint",
];
/** What a line has room for. */
const FIELDS_MAX = 6;

/** The fields that tell most, first: why it failed, then what it was. What the row says elsewhere is left out. */
export function salientFields(
  dimensions: Readonly<Record<string, FieldValue>>,
  metadata: Readonly<Record<string, FieldValue>>,
): readonly (readonly [name: string, text: string])[] {
  const weight = (name: string) => (SALIENT.indexOf(name) + SALIENT.length + 1) % (SALIENT.length + 1);
  const why = metadata.error_code === undefined ? {} : { error_code: metadata.error_code };
  return Object.entries({ ...dimensions, ...why })
    .filter(([name]) => name !== "success" && name !== "healthy")
    .map(([name, value]) => [name, fieldText(value)] as const)
    .filter(([, text]) => text !== "" && text !== "null")
    .sort(([a], [b]) => weight(a) - weight(b))
    .slice(0, FIELDS_MAX);
}
