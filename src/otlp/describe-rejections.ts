import { quote } from "../ingest/text.ts";
import type { DataPoint } from "./data-point.ts";
import type { RejectedPoint } from "./validate-points.ts";

/**
 * Points that are described. The text goes into `partial_success.error_message` of the answer (OTLP
 * specification, "Partial Success"), which an SDK logs as one line.
 */
const POINTS_MAX = 10;
const ATTRIBUTES_MAX = 5;
const TEXT_LENGTH_MAX = 300;

/** Which points were rejected and why, a text of at most 300 characters each; the first ten of them. */
export function describeRejections(rejected: readonly RejectedPoint[]): readonly string[] {
  return rejected.slice(0, POINTS_MAX).map(({ point, violations }) => {
    const reasons = violations.map(({ message }) => message).join(", ");
    const text = `${nameOf(point)}: ${reasons}`;
    return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX - 1).toWellFormed()}…` : text;
  });
}

/** One text from those of several resources, which ends with how many more points were rejected. */
export function joinDescriptions(descriptions: readonly string[], rejected: number): string {
  const shown = descriptions.slice(0, POINTS_MAX);
  const more = rejected > shown.length ? [`and ${rejected - shown.length} more`] : [];
  return [...shown, ...more].join("; ");
}

/** `http.server.requests{http.route="/a",…}`, as Prometheus writes a series. */
function nameOf({ instrument, attributes }: DataPoint): string {
  const shown = [...attributes].slice(0, ATTRIBUTES_MAX).map(([key, value]) => `${cut(key)}=${quote(value)}`);
  const more = attributes.size > ATTRIBUTES_MAX ? ["…"] : [];
  return `${cut(instrument.name)}{${[...shown, ...more].join(",")}}`;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text;
}
