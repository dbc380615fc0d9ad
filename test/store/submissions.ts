/** Requests as clients send them, validated and gathered into batches as the service does. */
import type { Measurement } from "../../src/catalogue/measurement.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import { createValidate } from "../../src/ingest/validate.ts";
import { BatchBuilder } from "../../src/store/batch.ts";
import type { CommitResult } from "../../src/store/metrics.ts";
import type { StoreOperations } from "../../src/store/store.ts";
import type { SeriesUpdate, Submission } from "../../src/store/submission.ts";
import { NOW_MS } from "../support/time.ts";

/** The number of the first request in the second of `NOW_MS`. */
export const FIRST_REQUEST = (NOW_MS / 1000) * 2 ** 19;

export interface Request {
  readonly metrics: readonly object[];
  readonly service?: string;
  readonly version?: string;
  readonly instanceId?: string;
  readonly requestNumber?: number;
  readonly apiKeyId?: number;
  readonly idempotencyKey?: string;
  readonly fingerprint?: string;
  readonly answer?: string;
  readonly series?: readonly SeriesUpdate[];
  /** Changes what validation has made of the metrics. */
  readonly change?: (measurements: readonly Measurement[]) => readonly Measurement[];
}

/** Requests → submissions, and the builder of one writer. */
export function createSubmissions() {
  const builder = new BatchBuilder();
  const validate = createValidate({
    dimensionSets: createDimensionSets(),
    pseudonymise: (name) => name,
    wallMs: () => NOW_MS,
    metricsMax: 200_000,
  });
  let nextRequest = FIRST_REQUEST;
  return {
    builder,
    toSubmission(request: Request): Submission {
      const { idempotencyKey, service = "gateway", version, instanceId, series } = request;
      const apiKeyId = request.apiKeyId ?? 1;
      const submitted = { service, version, instance_id: instanceId, metrics: request.metrics };
      const { measurements, ...envelope } = validate({ ...submitted, idempotency_key: undefined }, apiKeyId);
      const { fingerprint = "f", answer = "{}", change = (same) => same } = request;
      return {
        source: { ...envelope, apiKeyId },
        requestNumber: request.requestNumber ?? nextRequest++,
        measurements: change(measurements),
        idempotency: idempotencyKey === undefined ? undefined : { key: idempotencyKey, fingerprint, answer },
        ...(series !== undefined && { series }),
      };
    },
  };
}

/** Sends requests to a store; one for each opening of it, as the service has one builder for each. */
export function createSender(store: StoreOperations) {
  const { builder, toSubmission } = createSubmissions();
  const sender = {
    builder,
    toSubmission,
    /** Store these requests in one batch. */
    submit: (...requests: readonly Request[]): Promise<CommitResult> => sender.submitAt(NOW_MS, ...requests),
    submitAt(nowMs: number, ...requests: readonly Request[]): Promise<CommitResult> {
      for (const request of requests) builder.add(toSubmission(request));
      return store.metrics.commit(builder.take(), nowMs);
    },
  };
  return sender;
}

/** What a client may put into a dimension or metadata. */
export const ODD_VALUES: Readonly<Record<string, unknown>> = {
  unicode: "日本語 🚀 \u202e",
  controls: "\u0001\u001f\n\t\u007f\u2028",
  escaped: "\\ud800 \\\\ud800",
  quotes: `"'\\`,
  empty: "",
  big: 2 ** 63,
  beyond: 2 ** 53 + 2,
  huge: 1e308,
  tiny: 5e-324,
  negative: -0.1,
  yes: true,
  nothing: null,
};
