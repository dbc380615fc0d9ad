/**
 * Where a command writes, and how. Results go to standard output, for people or with `--json` as one JSON
 * value for scripts; everything else goes to standard error.
 */
export interface Output {
  /** The command's result, once: `text` for people, or with `--json` the value instead, on one line. */
  readonly print: (text: string, value: unknown) => void;
  /** A remark that is no result: to standard error, so never part of what a script reads. */
  readonly remark: (text: string) => void;
}

/**
 * A command failed for a reason that its message explains: printed without a stack, exit code 1. Not for
 * defects.
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The output of one command, which writes whole lines; `stdout` is for scripts, the others are for people. */
export function createOutput(
  json: boolean,
  { stdout, people, stderr }: Readonly<Record<"stdout" | "people" | "stderr", (text: string) => void>>,
): Output {
  return {
    print: (text, value) => (json ? stdout(`${JSON.stringify(value)}\n`) : people(`${text}\n`)),
    remark: (text) => stderr(`${text}\n`),
  };
}

/** Rows under their headings, in columns as wide as they need, without spaces at the ends of lines. */
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
