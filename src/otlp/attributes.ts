/** What attributes can hold once they are decoded; what a dimension cannot hold is refused later. */
export type Attributes = ReadonlyMap<string, unknown>;

/** Text that is the same for the same attributes in any order, and for no others. */
export function canonical(attributes: Attributes): string {
  return JSON.stringify([...attributes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
