import { ServiceError, type Violation } from "../errors.ts";
import { isRecord } from "../lib/json.ts";
import type { FieldContext } from "./read-fields.ts";
import { quote } from "./text.ts";

/** A broken rule of one metric. `field` is relative to the metric. */
export interface Rejection extends Violation {
  readonly index: number;
}

export interface Judged<Accepted> {
  readonly accepted: readonly Accepted[];
  readonly rejections: readonly Rejection[];
  /** Metrics refused; one metric may break several rules. */
  readonly rejected: number;
  readonly warnings: readonly string[];
}

/**
 * Judge the metrics of a request one by one: a bad one refuses itself and never its neighbours. `read` makes
 * of a metric what is stored, or tells its context why not.
 *
 * @throws {ServiceError} `validation_failed` when not one of them is good.
 */
export function judgeEach<Accepted, Extra extends { readonly nowMs: number }>(
  metrics: readonly unknown[],
  extra: Extra,
  read: (metric: Readonly<Record<string, unknown>>, context: Extra & FieldContext) => Accepted | undefined,
): Judged<Accepted> {
  const accepted: Accepted[] = [];
  const rejections: Rejection[] = [];
  const warnings: string[] = [];
  let index = 0;
  const context = {
    ...extra,
    refuse: (field: string, reason: string, message: string) =>
      void rejections.push({ index, field, reason, message }),
    warn: (message: string) => void warnings.push(`metrics[${index}].${message}`),
  };
  for (const metric of metrics) {
    if (isRecord(metric)) {
      const found = read(metric, context);
      if (found !== undefined) accepted.push(found);
    } else context.refuse("", "not_an_object", `a metric must be an object, not ${quote(metric)}`);
    index += 1;
  }
  if (accepted.length === 0) throw nothingAccepted(rejections);
  return { accepted, rejections, rejected: index - accepted.length, warnings };
}

/** `metrics[3].value: Metric value is required`: where, then what. */
export function describeRejection({ index, field, message }: Rejection): string {
  return field === "" ? `metrics[${index}]: ${message}` : `metrics[${index}].${field}: ${message}`;
}

function nothingAccepted(rejections: readonly Rejection[]): ServiceError {
  const violations = rejections.map((rejection) => {
    const field = `metrics[${rejection.index}]${rejection.field && `.${rejection.field}`}`;
    return { field, reason: rejection.reason, message: rejection.message };
  });
  const [first] = rejections;
  const example = first === undefined ? "" : `: ${describeRejection(first)}`;
  return new ServiceError("validation_failed", `no metric could be accepted${example}`, { violations });
}
