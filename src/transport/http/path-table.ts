/** What serves a path. */
export interface FoundPath<Entry> {
  /** As it stands in the table, for example `/servers/{id}/metrics`. */
  readonly template: string;
  /** What was put in the table for the template. */
  readonly entry: Entry;
  /** What the path has in the place of the parameter, decoded; empty for a literal path. */
  readonly parameter: string;
}

/** Entries by path. */
export interface PathTable<Entry> {
  /** Those whose path has no parameter, by path: most requests are for one, and `find` is for the others. */
  readonly literals: ReadonlyMap<string, FoundPath<Entry>>;
  find(path: string): FoundPath<Entry> | undefined;
}

/**
 * Finds entries by literal paths, and by templates in which one segment is a parameter in braces. A slash more at
 * the end of a path is the same path, as the predecessor had it.
 */
export function createPathTable<Entry>(entries: ReadonlyMap<string, Entry>): PathTable<Entry> {
  const literals = new Map<string, FoundPath<Entry>>();
  /** Where the parameter stands → template with its parameter left empty → what is found there. */
  const positions = new Map<number, Map<string, Omit<FoundPath<Entry>, "parameter">>>();
  for (const [template, entry] of entries) {
    const segments = template.split("/");
    const position = segments.findIndex((segment) => segment.startsWith("{"));
    if (position === -1) {
      literals.set(template, { template, entry, parameter: "" });
      continue;
    }
    const templates = positions.get(position) ?? new Map();
    positions.set(position, templates.set(without(segments, position), { template, entry }));
  }
  const find = (path: string): FoundPath<Entry> | undefined => {
    const literal = literals.get(path);
    if (literal !== undefined) return literal;
    const segments = path.split("/", SEGMENTS_MAX);
    for (const [position, templates] of positions) {
      const segment = segments[position];
      const found = segment && templates.get(without(segments, position));
      const parameter = found && decode(segment);
      if (found && parameter) return { ...found, parameter };
    }
    return undefined;
  };
  return {
    literals,
    find: (path) => find(path) ?? (/[^/]\/$/.test(path) ? find(path.slice(0, -1)) : undefined),
  };
}

/** No template is as long: a path of a thousand slashes is not looked at further. */
const SEGMENTS_MAX = 16;

/** A path with its parameter left empty, which is what templates are looked up by. */
const without = (segments: readonly string[], position: number) => segments.with(position, "").join("/");

/** Undefined for what is no encoding of anything. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
