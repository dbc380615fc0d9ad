/**
 * How many colours for categories the style sheet has: `--series-1` to `--series-8`.
 */
const COLORS = 8;

/**
 * A function from names to colours that answers the same for the same name as long as the panel exists. A
 * line must not change its colour because another one grew larger than it. Beyond eight names colours are
 * reused.
 *
 * @param known colours that are decided in advance, by name
 */
export function createPalette(known: Readonly<Record<string, string>> = {}): (name: string) => string {
  const given = new Map(Object.entries(known));
  let next = given.size;
  return (name) => {
    const color = given.get(name) ?? `--series-${(next++ % COLORS) + 1}`;
    // A client makes names up: the colours of the first few hundred are remembered.
    if (given.size < 500) given.set(name, color);
    return color;
  };
}
