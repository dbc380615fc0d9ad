/** The answer, under the names of the REST body. */
export interface FlushAnswer {
  readonly status: "success";
  readonly message: string;
}

export type Flush = () => Promise<FlushAnswer>;

/**
 * Flush: commit everything that waits when the call arrives, then answer. Where Submit is answered
 * before its metrics are on disk (`ack: "buffered"`), this is the way to know that they are.
 *
 * @throws {ServiceError} `storage_unavailable` when that commit fails.
 */
export function createFlush(flush: () => Promise<void>): Flush {
  return async () => {
    await flush();
    return { status: "success", message: "Metrics flushed to storage" };
  };
}
