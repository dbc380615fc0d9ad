/**
 * A `google.protobuf.Value` as generated code has it: a oneof, of which dimensions and metadata use scalars.
 */
export interface FieldValue {
  readonly kind: { readonly case?: string | undefined; readonly value?: unknown };
}

/** The value as text, as it was submitted: no rounding, no units. */
export function fieldText({ kind }: FieldValue): string {
  return kind.case === undefined || kind.case === "nullValue" ? "null" : String(kind.value);
}

/** Dimensions that help most to recognise an event, most helpful first. All others follow. */
const SALIENT = [
  "error_code",
  "error_type",
  "reason",
  "tool_name",
  "tool_id",
  "method",
  "server_name",
  "server",
  "server_id",
  "client_name",
  "flow_step",
  "endpoint",
];
/** Fields of one line; all of them are shown when the event is opened. */
const FIELDS_MAX = 6;

/**
 * The fields for an event's line: why it failed, then what it was about. Left out are empty ones and the
 * outcome, which has a column of its own.
 */
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
