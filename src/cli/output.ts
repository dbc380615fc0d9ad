/** Where a command writes, and how: for people, or as one JSON value for scripts. */
export interface Output {
  /** Text for people; with `--json`, the value instead, on one line. */
  readonly print: (text: string, value: unknown) => void;
  /** A remark that is no result; never part of what a script reads. */
  readonly remark: (text: string) => void;
}

/** It failed, and says so without a stack: exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export function createOutput(
  json: boolean,
  stdout: (text: string) => void,
  stderr: (text: string) => void,
): Output {
  return {
    print: (text, value) => stdout(json ? `${JSON.stringify(value)}\n` : `${text}\n`),
    remark: (text) => stderr(`${text}\n`),
  };
}

/** Rows under their headings, in columns as wide as they need. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
