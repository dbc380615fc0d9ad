/** Runs `work` after all earlier work of the same name has ended, well or badly. */
export type InTurn = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

/** Lets work of the same name happen one at a time, in the order it came. Remembers only what is going on. */
export function createTurns(): InTurn {
  const lastOf = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const result = (lastOf.get(name) ?? Promise.resolve()).then(work);
    const ended = result.catch(() => undefined);
    lastOf.set(name, ended);
    try {
      return await result;
    } finally {
      if (lastOf.get(name) === ended) lastOf.delete(name);
    }
  };
}
