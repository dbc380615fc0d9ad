import { quote } from "../ingest/text.ts";
import type { DataPoint } from "./data-point.ts";
import type { RefusedPoint } from "./judge-points.ts";

/** Points that are described; an SDK logs the text as one line. */
const POINTS_MAX = 10;
const ATTRIBUTES_MAX = 5;
const TEXT_LENGTH_MAX = 300;

/** Which points were refused and why; the first of them. */
export function describeRefusals(refused: readonly RefusedPoint[]): readonly string[] {
  return refused.slice(0, POINTS_MAX).map(({ point, refusals }) => {
    const reasons = refusals.map(({ message }) => message).join(", ");
    const text = `${nameOf(point)}: ${reasons}`;
    return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX - 1).toWellFormed()}…` : text;
  });
}

/** One text of those of several resources, and of how many there are. */
export function joinDescriptions(descriptions: readonly string[], rejected: number): string {
  const shown = descriptions.slice(0, POINTS_MAX);
  const more = rejected > shown.length ? [`and ${rejected - shown.length} more`] : [];
  return [...shown, ...more].join("; ");
}

function nameOf({ instrument, attributes }: DataPoint): string {
  const shown = [...attributes].slice(0, ATTRIBUTES_MAX).map(([key, value]) => `${cut(key)}=${quote(value)}`);
  const more = attributes.size > ATTRIBUTES_MAX ? ["…"] : [];
  return `${cut(instrument.name)}{${[...shown, ...more].join(",")}}`;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text;
}
