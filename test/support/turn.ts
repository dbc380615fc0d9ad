/** Let everything that is ready to run run: promises, and jobs set for the next turns of the event loop. */
export async function turn(turns = 6): Promise<void> {
  for (let left = turns; left > 0; left -= 1)
    await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** How many turns others have while `work` is done. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await work();
  clearImmediate(next);
  return turns;
}
