/** Colours of categories in the style sheet: `--series-1` … */
const COLORS = 8;

/**
 * Gives each name a colour and keeps to it: a line does not change its colour because another one became
 * larger. Names beyond the palette share its colours.
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
