/** How many colours for categories the style sheet has: `--series-1` to `--series-8`. */
const COLORS = 8;
/** Names whose colours are remembered: clients make names up. */
const NAMES_MAX = 500;

/** The colour that a name got first, on whichever chart; the next chart gives it the same if it is free. */
const preferred = new Map<string, string>();

/**
 * Colours for the names that one chart shows, in their order: never the same for two of up to eight. A name
 * keeps its colour over charts and answers, unless another name of this chart has it already.
 *
 * @param known colours that are decided in advance, by name
 */
export function colorsFor(
  names: readonly string[],
  known: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const used = new Set<string>();
  const give = (name: string, color: string) => {
    given.set(name, color);
    used.add(color);
  };
  const wishOf = (name: string) => (Object.hasOwn(known, name) ? known[name] : preferred.get(name));
  // First those that have a colour, the decided ones before all: a new name must not take one of theirs.
  for (const name of [...names].sort(
    (a, b) => Number(Object.hasOwn(known, b)) - Number(Object.hasOwn(known, a)),
  )) {
    const wish = wishOf(name);
    if (wish !== undefined && !used.has(wish)) give(name, wish);
  }
  const palette = Array.from({ length: COLORS }, (_, at) => `--series-${at + 1}`);
  for (const [at, name] of names.entries()) {
    if (given.has(name)) continue;
    give(name, palette.find((color) => !used.has(color)) ?? `--series-${(at % COLORS) + 1}`);
    if (preferred.size < NAMES_MAX && !preferred.has(name)) preferred.set(name, given.get(name) ?? "");
  }
  return given;
}
