/** Let everything that is ready to run run: promises, and jobs set for the next turns of the event loop. */
export async function turn(turns = 6): Promise<void> {
  for (let left = turns; left > 0; left -= 1)
    await new Promise<void>((resolve) => void setImmediate(resolve));
}
