/** One JSON object a line, with the field names the predecessor's log pipelines parse. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same sink under another `logger` name. */
  named(name: string): Logger;
}

export type LogFields = Readonly<Record<string, unknown>>;

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longest string that reaches the log, in UTF-16 units: a client must not be able to fill the disk. */
const STRING_LENGTH_MAX = 1024;

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly wallMs: () => number;
}

/** Values are JSON-escaped, so no field can forge a line or reach a terminal with an escape sequence. */
export function createLogger(options: LoggerOptions, name = "mcp-metrics"): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const log = (level: LogLevel) => {
    const rank = LOG_LEVELS.indexOf(level);
    return (message: string, fields: LogFields = {}) => {
      if (rank < threshold) return;
      const timestamp = new Date(options.wallMs()).toISOString();
      const entry = { timestamp, level: level.toUpperCase(), logger: name, message, ...fields };
      options.write(`${escapeControls(JSON.stringify(entry, shorten))}\n`);
    };
  };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    named: (child) => createLogger(options, child),
  };
}

function shorten(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "string" || value.length <= STRING_LENGTH_MAX) return value;
  return `${value.slice(0, STRING_LENGTH_MAX)}…`;
}

/** JSON leaves DEL, the C1 controls and Unicode's line separators as they are; terminals and line readers do not. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
