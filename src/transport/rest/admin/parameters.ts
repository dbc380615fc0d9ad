import { invalidField, ServiceError } from "../../../errors.ts";
import { isRecord } from "../../../lib/json.ts";
import { queryOf } from "../../http/exchange.ts";
import type { RestRequest } from "../route.ts";

/** The parameters of an administrative call, which come as query or as JSON body. Null means absent. */
export interface Parameters {
  /** @throws {ServiceError} `malformed_body` when it is no text. */
  text(name: string): string | undefined;
  /** @throws {ServiceError} `malformed_body` when it is neither true nor false. */
  flag(name: string): boolean | undefined;
  /** @throws {ServiceError} `validation_failed` when it is no number. */
  number(name: string): number | undefined;
}

/** @throws {ServiceError} `malformed_body` for a body that is no object. */
export function readParameters({ exchange, body }: RestRequest): Parameters {
  if (body !== undefined && !isRecord(body)) malformed("body must be a JSON object");
  const search = queryOf(exchange);

  /** One value, wherever and however often it is given. Of two different ones, which is meant nobody knows. */
  function given<Value>(name: string, read: (value: unknown) => Value): Value | undefined {
    const inBody = isRecord(body) ? (body[name] ?? undefined) : undefined;
    const values = [...search.getAll(name), ...(inBody === undefined ? [] : [inBody])].map(read);
    if (new Set(values).size > 1) malformed(`${name} is given twice, with different values`);
    return values[0];
  }

  return {
    text: (name) =>
      given(name, (value) => (typeof value === "string" ? value : malformed(`${name} must be a string`))),
    flag: (name) =>
      given(name, (value) => {
        // An array would read as what it holds.
        const word = typeof value === "object" ? "" : String(value).toLowerCase();
        if (word === "true" || word === "1") return true;
        if (word === "false" || word === "0") return false;
        return malformed(`${name} must be true or false`);
      }),
    number: (name) =>
      given(name, (value) => {
        if (typeof value === "number") return value;
        if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
        const message = `${name} must be a number`;
        throw invalidField(name, "invalid", message);
      }),
  };
}

/** @throws {ServiceError} `malformed_body` */
function malformed(message: string): never {
  throw new ServiceError("malformed_body", message);
}
