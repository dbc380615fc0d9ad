import type { Measured } from "./measure.ts";

export interface Findings {
  readonly rows: readonly Measured[];
  /** Metrics per second of the bare loop over the predecessor's schema, beside each shape. */
  readonly schemaRates: ReadonlyMap<Measured["shape"], number>;
  readonly bytesPerMetric: number;
  readonly storedMetrics: number;
  readonly peakMemoryBytes: number | undefined;
  /** What was pinned where. */
  readonly conditions: string;
}

const HEADINGS = [
  "target",
  "metrics/req",
  "conns",
  "requests/s",
  "metrics/s",
  "p50 ms",
  "p99 ms",
  "of bare http",
  "of bare schema",
  "load cpu",
];
/** Above this share of a core the load generator may be what limits a figure. */
const LOAD_CPU_SHARE_WARN = 0.9;

/** Everything that was found, for people. */
export function renderReport(findings: Findings): string {
  const lines = [renderTable([HEADINGS, ...findings.rows.map((row) => cells(row, findings))]), ""];
  for (const [shape, rate] of findings.schemaRates) {
    lines.push(`bare schema beside ${describe(shape)}: ${whole(rate)} metrics/s`);
  }
  const failures = findings.rows.reduce((sum, row) => sum + row.failures, 0);
  const memory = findings.peakMemoryBytes;
  lines.push(
    `peak memory of the service: ${memory === undefined ? "unknown" : `${whole(memory / 2 ** 20)} MiB`}`,
    `metrics stored: ${whole(findings.storedMetrics)}, ${findings.bytesPerMetric.toFixed(1)} bytes each on disk`,
    `requests not wholly accepted: ${failures}`,
    `conditions: ${findings.conditions}`,
  );
  const busy = findings.rows.filter((row) => row.loadCpuShare > LOAD_CPU_SHARE_WARN);
  if (busy.length > 0)
    lines.push("* the load took over 90 % of its core: the server may be faster than shown");
  return lines.join("\n");
}

export interface Verdict {
  readonly line: string;
  readonly isReached: boolean;
}

/** The three figures the service is held to, each with its limit. A target that was not measured is left out. */
export function judge(findings: Findings): Verdict[] {
  const rest = (size: number) => {
    const rows = findings.rows.filter((row) => row.target === "rest" && row.shape.metricsPerRequest === size);
    return rows.toSorted((left, right) => right.shape.connections - left.shape.connections)[0];
  };
  const single = rest(1);
  const batch = rest(100);
  const verdicts: Verdict[] = [];
  if (single) verdicts.push(atLeast(`REST, ${describe(single.shape)}, of bare http`, single.toBare, 0.35));
  if (batch)
    verdicts.push(atLeast(`REST, ${describe(batch.shape)}, of bare schema`, toSchema(batch, findings), 1.5));
  const isSmall = findings.bytesPerMetric <= 130;
  const bytes = findings.bytesPerMetric.toFixed(1);
  verdicts.push({ line: `bytes a metric: ${bytes}, limit 130: ${word(isSmall)}`, isReached: isSmall });
  return verdicts;
}

function atLeast(what: string, value: number, limit: number): Verdict {
  const isReached = value >= limit;
  return { line: `${what}: ${value.toFixed(2)}, at least ${limit}: ${word(isReached)}`, isReached };
}

const word = (isReached: boolean) => (isReached ? "ok" : "MISSED");

const whole = (value: number) => Math.round(value).toLocaleString("en");

function describe({ metricsPerRequest, connections }: Measured["shape"]): string {
  return `${metricsPerRequest} ${metricsPerRequest === 1 ? "metric" : "metrics"} a request at ${connections} connections`;
}

function toSchema(row: Measured, findings: Findings): number {
  return row.typical.metricsPerSecond / (findings.schemaRates.get(row.shape) ?? Number.NaN);
}

function cells(row: Measured, findings: Findings): string[] {
  const schema = toSchema(row, findings);
  return [
    row.target,
    String(row.shape.metricsPerRequest),
    String(row.shape.connections),
    whole(row.typical.requestsPerSecond),
    whole(row.typical.metricsPerSecond),
    row.typical.p50Ms.toFixed(2),
    row.typical.p99Ms.toFixed(2),
    row.toBare.toFixed(2),
    Number.isNaN(schema) ? "" : schema.toFixed(2),
    `${row.loadCpuShare.toFixed(2)}${row.loadCpuShare > LOAD_CPU_SHARE_WARN ? "*" : ""}`,
  ];
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join("  "))
    .join("\n");
}

/** Names to the left, numbers to the right. */
function pad(cell: string, column: number, width: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
