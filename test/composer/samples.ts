import type { Sample } from "../support/exposition.ts";
import { FAMILIES } from "./families.ts";

/**
 * What families of composers say: `name{label="value"}`, labels in the order of their names, and the value, of
 * a histogram the sum. The labels that say who sent it are left out.
 */
export function composerSamples(
  samples: readonly Sample[],
  sender: readonly string[],
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { family, name, labels, value } of samples) {
    if (!Object.hasOwn(FAMILIES, family) || (name !== family && name !== `${family}_sum`)) continue;
    const own = Object.entries(labels).filter(([label]) => !sender.includes(label));
    const text = own
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, text]) => `${label}="${text}"`)
      .join(",");
    found[text === "" ? family : `${family}{${text}}`] = value;
  }
  return found;
}

/** Problems with kinds, label names and bucket edges of what is there; `sender` comes before the own labels. */
export function disagreements(samples: readonly Sample[], sender: readonly string[]): string[] {
  const problems = new Set<string>();
  const edges = new Map<string, number[]>();
  for (const { family, kind, labels } of samples) {
    const specified = FAMILIES[family];
    if (specified === undefined) continue;
    if (kind !== specified.kind) problems.add(`${family} is a ${kind}`);
    const names = Object.keys(labels).filter((name) => name !== "le");
    const wanted = [...sender, ...specified.labels];
    if (names.join() !== wanted.join()) problems.add(`${family} has ${names.join()}`);
    if (labels.le !== undefined) {
      edges.set(family, [...(edges.get(family) ?? []), Number(labels.le.replace("+Inf", "Infinity"))]);
    }
  }
  for (const [family, found] of edges) {
    const wanted = [...(FAMILIES[family]?.edges ?? []), Number.POSITIVE_INFINITY];
    if ([...new Set(found)].join() !== wanted.join()) problems.add(`${family} has the edges ${found.join()}`);
  }
  return [...problems];
}
