/** What serves a path. */
export interface FoundPath<Entry> {
  /** As it stands in the table, for example `/servers/{id}`. */
  readonly template: string;
  readonly entry: Entry;
  /** What the path has in the place of the parameter, decoded; empty for a literal path. */
  readonly parameter: string;
}

/** Finds entries by literal paths, and by templates whose last segment is a parameter in braces. */
export function createPathTable<Entry>(
  entries: ReadonlyMap<string, Entry>,
): (path: string) => FoundPath<Entry> | undefined {
  const byParent = new Map<string, { readonly template: string; readonly entry: Entry }>();
  for (const [template, entry] of entries) {
    if (template.endsWith("}")) byParent.set(parentOf(template), { template, entry });
  }
  return (path) => {
    const entry = path.endsWith("}") ? undefined : entries.get(path);
    if (entry !== undefined) return { template: path, entry, parameter: "" };
    const parent = parentOf(path);
    const found = byParent.get(parent);
    const parameter = found && decode(path.slice(parent.length));
    return found === undefined || !parameter ? undefined : { ...found, parameter };
  };
}

/** With its slash. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Undefined for what is no encoding of anything. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
