/** A value of `google.protobuf.Value` as text; of dimensions and metadata only scalars come. */
export function fieldText({ kind }) {
  return kind.case === undefined || kind.case === "nullValue" ? "null" : String(kind.value);
}
/** What a dimension says of how it ended; undefined where it says nothing. */
export function outcomeOf(dimensions) {
  const said = dimensions.success ?? dimensions.healthy;
  if (said === undefined) return undefined;
  const text = fieldText(said).toLowerCase();
  if (text === "true" || text === "1") return "success";
  return text === "false" || text === "0" ? "failure" : undefined;
}
/** What comes first in a line, of everything the catalogue knows. */
const TELLING = ["tool_name", "method", "server_name", "server", "client_name", "flow_step", "endpoint"];
/** What a line has room for. */
const FIELDS_MAX = 6;
/** The dimensions that tell most, first; what is said elsewhere in the row is left out. */
export function tellingFields(dimensions) {
  const weight = (name) => (TELLING.indexOf(name) + TELLING.length + 1) % (TELLING.length + 1);
  return Object.entries(dimensions)
    .filter(([name]) => name !== "success" && name !== "healthy")
    .map(([name, value]) => [name, fieldText(value)])
    .filter(([, text]) => text !== "" && text !== "null")
    .sort(([a], [b]) => weight(a) - weight(b))
    .slice(0, FIELDS_MAX);
}
