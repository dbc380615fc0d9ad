import type { FuzzCase } from "./fuzz-cases.ts";
import type { Outcome } from "./fuzz-wires.ts";

/** What the answers were, and which of them should never be given. */
export interface Findings {
  /** Validate one answer. */
  add(fuzzCase: FuzzCase, outcome: Outcome, ms: number): void;
  readonly faults: number;
  /** The counts, and one full example of each kind of fault. */
  render(): string;
}

interface Fault {
  readonly example: string;
  readonly cases: number[];
}

const UNKNOWN = 2;
const INTERNAL = 13;
const HEX_BYTES_MAX = 1_000;
const CASES_SHOWN = 8;

export function createFindings(): Findings {
  const answers = new Map<string, number>();
  const faults = new Map<string, Fault>();
  let faultCount = 0;
  let slowest = { index: -1, ms: 0 };
  return {
    add(fuzzCase, outcome, ms) {
      const { door, index } = fuzzCase;
      const status =
        outcome.grpcStatus === undefined ? outcome.httpStatus : `${outcome.httpStatus}/${outcome.grpcStatus}`;
      const answer = `${door.name} ${status}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (ms > slowest.ms) slowest = { index, ms };
      const why = faultOf(fuzzCase, outcome);
      if (why === undefined) return;
      faultCount++;
      // Numbers and quoted pieces differ from case to case, the kind of fault does not.
      const kind = `${why}: ${door.name}: ${outcome.text.slice(0, 120).replace(/\d+|"[^"]*"/g, "#")}`;
      const known = faults.get(kind);
      if (known === undefined)
        faults.set(kind, { example: describeCase(fuzzCase, outcome, why), cases: [index] });
      else known.cases.push(index);
    },
    get faults() {
      return faultCount;
    },
    render() {
      const counts = [...answers].sort().map(([answer, times]) => `${answer}: ${times}`);
      const found = [...faults.values()].map(
        ({ example, cases }) =>
          `${example}\n  ${cases.length} alike: ${cases.slice(0, CASES_SHOWN).join(", ")}`,
      );
      return [
        counts.join(", "),
        `slowest: ${Math.round(slowest.ms)} ms, case ${slowest.index}`,
        ...found,
      ].join("\n");
    },
  };
}

function faultOf(
  { door, mayDrop, request }: FuzzCase,
  { httpStatus, grpcStatus, text }: Outcome,
): string | undefined {
  if (text.startsWith("hangs")) return "no answer in time";
  if (httpStatus === 0) return mayDrop || text.startsWith("not sent") ? undefined : "no answer";
  const hasDeadline = request.headers.some(
    ([name]) => name.endsWith("timeout") || name.endsWith("timeout-ms"),
  );
  if (httpStatus >= 500 && !(httpStatus === 504 && hasDeadline)) return `HTTP ${httpStatus}`;
  if (grpcStatus === UNKNOWN || grpcStatus === INTERNAL) return `gRPC status ${grpcStatus}`;
  const isUntouched = request.method === "POST" && request.path === door.path && !mayDrop;
  if (door.isEnveloped && isUntouched && httpStatus === 200 && grpcStatus === undefined)
    return "no gRPC status";
  return undefined;
}

/** Everything needed to look at one case. */
export function describeCase(fuzzCase: FuzzCase, outcome: Outcome, verdict: string): string {
  const { door, request, recipe, index } = fuzzCase;
  const hex = request.body.subarray(0, HEX_BYTES_MAX).toString("hex");
  const headers = request.headers.map(([name, value]) => `${name}: ${JSON.stringify(value.slice(0, 60))}`);
  return [
    `case ${index}: ${verdict}: ${door.name} over HTTP/${door.http}: ${recipe}`,
    `  answer ${outcome.httpStatus}/${outcome.grpcStatus ?? ""}: ${JSON.stringify(outcome.text)}`,
    `  ${request.method} ${request.path}; ${headers.join("; ")}`,
    `  ${request.body.length} bytes: ${hex}${request.body.length > HEX_BYTES_MAX ? "…" : ""}`,
  ].join("\n");
}
