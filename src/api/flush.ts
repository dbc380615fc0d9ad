/** The answer, under the names of the REST body. */
export interface FlushAnswer {
  readonly status: "success";
  readonly message: string;
}

export type Flush = () => Promise<FlushAnswer>;

/**
 * Flush: commit everything that waits when the call arrives, then answer. After a Submit with `ack:
 * "buffered"` it is the way to know that the metrics are on disk.
 *
 * @throws {ServiceError} `storage_unavailable` when that commit fails.
 */
export function createFlush(flush: () => Promise<void>): Flush {
  return async () => {
    await flush();
    return { status: "success", message: "Metrics flushed to storage" };
  };
}
