import { SERVER_ID } from "../../catalogue/directory.ts";
import { type Violation, validationFailed } from "../../errors.ts";
import { codePoints } from "../../ingest/text.ts";

/** Code points of what people call a server. */
const NAME_LENGTH_MAX = 200;
/** Code points of a URL. */
const URL_LENGTH_MAX = 2000;
/** Tools of a server. */
const TOOLS_MAX = 1000;
/** Code points of a tool's id. */
const TOOL_ID_LENGTH_MAX = 200;
/** Requests a minute, as for all keys. */
const RATE_LIMIT_MAX = 1_000_000;
/** As for keys: shorter ones could be guessed. */
const SECRET = /^[\x20-\x7e]{16,256}$/;

/** What can be said of a server; undefined is not looked at. */
export interface ServerFields {
  /** The id that clients name it by; see `SERVER_ID`. */
  readonly id?: string | undefined;
  /** What people call it. */
  readonly name?: string | undefined;
  /** Where its webhook is; shown to administrators and never called. "" for none. */
  readonly webhookUrl?: string | undefined;
  /** Ids of its tools; usage that names another tool is rejected where there are any. */
  readonly tools?: readonly string[] | undefined;
  /** Requests a minute of its key. */
  readonly rateLimit?: number | undefined;
  /** The key of its signatures (HMAC-SHA-256). */
  readonly webhookSecret?: string | undefined;
}

/** What a field must be. */
interface Rule<Value> {
  /** As the violation names it. */
  readonly field: string;
  /** What is answered when it is broken. */
  readonly message: string;
  readonly isKept: (value: Value) => boolean;
}

/** Whether a text can be shown, and stored as it is. */
const hasText = (text: string, max: number) =>
  text !== "" && codePoints(text) <= max && !/\p{Cc}/u.test(text) && text.isWellFormed();

/** Every field with its rule. */
const RULES: { readonly [Name in keyof ServerFields]-?: Rule<NonNullable<ServerFields[Name]>> } = {
  id: {
    field: "server_id",
    message: "server_id must have 1 to 128 letters, digits, _, ., :, @, / and -",
    isKept: (id) => SERVER_ID.test(id),
  },
  name: {
    field: "name",
    message: `name must have 1 to ${NAME_LENGTH_MAX} characters, none of them a control character`,
    isKept: (name) => hasText(name, NAME_LENGTH_MAX),
  },
  webhookUrl: {
    field: "webhook_url",
    message: `webhook_url must be an http or https URL of at most ${URL_LENGTH_MAX} characters, or empty`,
    isKept: (url) =>
      url === "" || (hasText(url, URL_LENGTH_MAX) && /^https?:/.test(url) && URL.canParse(url)),
  },
  tools: {
    field: "tools",
    message: `tools holds at most ${TOOLS_MAX} ids of 1 to ${TOOL_ID_LENGTH_MAX} characters`,
    isKept: (tools) => tools.length <= TOOLS_MAX && tools.every((id) => hasText(id, TOOL_ID_LENGTH_MAX)),
  },
  rateLimit: {
    field: "rate_limit",
    message: `rate_limit must be a whole number from 1 to ${RATE_LIMIT_MAX}`,
    isKept: (limit) => Number.isInteger(limit) && limit >= 1 && limit <= RATE_LIMIT_MAX,
  },
  webhookSecret: {
    field: "webhook_secret",
    message: "webhook_secret must have 16 to 256 printable ASCII characters",
    isKept: (secret) => SECRET.test(secret),
  },
};

/** @throws {ServiceError} `validation_failed` with every broken rule. */
export function checkServer(fields: ServerFields): void {
  const violations: Violation[] = [];
  for (const name of Object.keys(RULES) as (keyof ServerFields)[]) {
    const value = fields[name];
    const { field, message, isKept } = RULES[name] as Rule<unknown>;
    if (value !== undefined && !isKept(value)) violations.push({ field, reason: "invalid", message });
  }
  if (violations.length > 0) throw validationFailed(violations);
}
