/** What a promise that must not succeed rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Error) return failure;
  throw new Error("it did not fail");
}

/** Repeat `look`, `pauseMs` apart, until it says yes. @throws after `limitMs`. */
export async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  limitMs = 10_000,
  pauseMs = 10,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await look())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** `until` for a condition that needs no other words than its own. */
export const eventually = (holds: () => boolean | Promise<boolean>): Promise<void> =>
  until(`${holds}`, holds);

/** Milliseconds until `promise` resolves. */
export async function msUntil(promise: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await promise;
  return performance.now() - startedMs;
}
