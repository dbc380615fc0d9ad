/**
 * Numbers in Prometheus text as Python's client writes them (https://github.com/prometheus/client_python):
 * `1.0`, `0.005`, `1e+06`. To Prometheus a sample's value is the same in any spelling, but the bound of a
 * bucket is a label, and labels are compared as text.
 */
export function withPythonNumbers(exposition: string): string {
  return exposition
    .split("\n")
    .map((line) => (line.startsWith("#") ? line : line.replace(END_OF_SAMPLE, rewrite)))
    .join("\n");
}

/**
 * A sample ends in its value; before it, of a bucket, stands the bound as the last label. In the text of a
 * label every quote is escaped.
 */
const END_OF_SAMPLE = /(?:(?<=[{,])le="([^"\\]+)"\})? (\S+)$/;

function rewrite(_end: string, bound: string | undefined, value: string): string {
  return bound === undefined ? ` ${toPython(value)}` : `le="${toPython(bound)}"} ${toPython(value)}`;
}

/** Python's `repr` of a float; from seven digits before the point on, and up to 1e16, as its client spells it. */
function toPython(text: string): string {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const plain = Number.isInteger(value) ? `${value}.0` : `${value}`;
  const point = plain.indexOf(".");
  if (value <= 0 || point <= 6) return plain;
  const digits = `${plain[0]}.${plain.slice(1, point)}${plain.slice(point + 1)}`;
  return `${digits.replace(/[0.]+$/, "")}e+0${point - 1}`;
}
