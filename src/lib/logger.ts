/** One JSON object a line, with the field names the predecessor's log pipelines parse. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  /** Whether such lines are written; what is called for each request need not make them otherwise. */
  readonly isDebug: boolean;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same sink under another `logger` name. */
  named(name: string): Logger;
}

/**
 * Named values of one line, after the message; one named `message` or `level` takes the place of the line's
 * own.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/** By importance, ascending; `silent` is above all and no line has it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longest string that reaches the log, in UTF-16 units: a client must not be able to fill the disk. */
const STRING_LENGTH_MAX = 1024;
/** Most values in one line, for the same reason; and levels of nesting, which is where circles end. */
const VALUES_MAX = 200;
const DEPTH_MAX = 8;

export interface LoggerOptions {
  /** Least important level that is written (LOG_LEVEL). */
  readonly level: LogLevel;
  /** Takes one line with its line feed, synchronously. */
  readonly write: (line: string) => void;
  readonly wallMs: () => number;
}

/**
 * A logger that never throws, whatever it is given: it is called where an error has just been caught.
 *
 * Values are JSON-escaped, so no field can forge a line or reach a terminal with an escape sequence.
 */
export function createLogger(options: LoggerOptions, name = "mcp-metrics"): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const log = (level: LogLevel) => {
    const rank = LOG_LEVELS.indexOf(level);
    return (message: string, fields: LogFields = {}) => {
      if (rank < threshold) return;
      const timestamp = new Date(options.wallMs()).toISOString();
      const entry = { timestamp, level: level.toUpperCase(), logger: name, message, ...fields };
      options.write(`${escapeControls(JSON.stringify(printable(entry)))}\n`);
    };
  };
  return {
    debug: log("debug"),
    isDebug: threshold <= LOG_LEVELS.indexOf("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    named: (child) => createLogger(options, child),
  };
}

/** A short copy of `value` that JSON can print. */
function printable(value: unknown): unknown {
  let left = VALUES_MAX;

  function copy(value: unknown, depth: number): unknown {
    left -= 1;
    if (typeof value === "string") return shorten(value);
    if (typeof value === "bigint") return shorten(value.toString());
    if (typeof value !== "object" || value === null) return value;
    if (depth > DEPTH_MAX) return "…";
    try {
      return copyObject(value, depth);
    } catch {
      // A getter or toJSON of its own failed; everything else in the line matters more.
      return "(unprintable)";
    }
  }

  function copyObject(value: object, depth: number): unknown {
    if (value instanceof Error) return copy(membersOf(value), depth + 1);
    if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), depth + 1);
    const members: [string, unknown][] = [];
    for (const key of Object.keys(value)) {
      if (left <= 0) {
        members.push(["…", "…"]);
        break;
      }
      members.push([shorten(key), copy((value as Record<string, unknown>)[key], depth + 1)]);
    }
    return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
  }

  return copy(value, 0);
}

/** An error with its cause: that is where a ServiceError keeps what only the log may know. */
function membersOf({ name, message, stack, cause }: Error): object {
  const members = { name, message, stack };
  return cause === undefined ? members : { ...members, cause };
}

function shorten(text: string): string {
  return text.length > STRING_LENGTH_MAX ? `${text.slice(0, STRING_LENGTH_MAX)}…` : text;
}

/**
 * JSON leaves DEL, the C1 controls and Unicode's line separators as they are; terminals and line readers do
 * not.
 */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
