import { FAILURES, type FailureReason } from "../../errors.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { Answer } from "./operation.ts";
import { REASONS } from "./reasons.ts";

/** How failures are documented for one family of clients. */
export interface FailureDocument {
  /** The HTTP status of a reason. */
  readonly statusOf: (reason: FailureReason) => number;
  /** The body that says one of `reasons`. */
  readonly schemaOf: (reasons: readonly FailureReason[]) => JsonSchema;
  /** A body as it is sent. */
  readonly exampleOf: (reason: FailureReason) => object;
}

/** The answers of calls that fail for one of `reasons`, by status. */
export function failureAnswers(
  reasons: readonly FailureReason[],
  dialect: FailureDocument,
  headers: readonly string[],
): Readonly<Record<string, Answer>> {
  const byStatus = Map.groupBy([...new Set(reasons)], dialect.statusOf);
  const answers = [...byStatus].map(([status, some]): [string, Answer] => {
    const isRetryable = some.some((reason) => FAILURES[reason].retryable);
    return [
      String(status),
      {
        description: some.map((reason) => `\`${reason}\`: ${REASONS[reason][0]}`).join("\n\n"),
        headers: refsTo(isRetryable ? [...headers, "Retry-After"] : headers),
        content: {
          "application/json": {
            schema: dialect.schemaOf(some),
            examples: Object.fromEntries(
              some.map((reason) => [reason, { value: dialect.exampleOf(reason) }]),
            ),
          },
        },
      },
    ];
  });
  return Object.fromEntries(answers);
}

/** References to headers that the document says once. */
export function refsTo(headers: readonly string[]): Readonly<Record<string, { readonly $ref: string }>> {
  return Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
