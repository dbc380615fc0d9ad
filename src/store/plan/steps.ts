/**
 * Long work in short transactions.
 *
 * An engine cuts it into steps that each take some milliseconds, so that a commit never waits for more than
 * one of them; whoever asks for the work says how long to wait between two.
 */

/** What a step has done, and where the next one begins. */
export interface Step<Done, Cursor> {
  readonly done: Done;
  /** Undefined when this was the last. */
  readonly next: Cursor | undefined;
}

/**
 * Called between two steps; the next one begins when it resolves. What it rejects with ends the work: what
 * was done stays done, and the same call later goes on with what is left.
 */
export type Pace = () => Promise<void>;

/** Step by step without a pause: others still get their turn between two calls of the database. */
export const WITHOUT_PAUSE: Pace = async () => {};

/**
 * Take steps until there is no next one.
 *
 * `onDone` sees what each step has done as soon as it has, so that a failure later hides nothing of it.
 */
export async function runSteps<Done, Cursor>(
  step: (cursor: Cursor | undefined) => Promise<Step<Done, Cursor>>,
  pace: Pace,
  onDone: (done: Done) => void = () => {},
): Promise<void> {
  let cursor: Cursor | undefined;
  for (;;) {
    const { done, next } = await step(cursor);
    onDone(done);
    if (next === undefined) return;
    cursor = next;
    await pace();
  }
}
