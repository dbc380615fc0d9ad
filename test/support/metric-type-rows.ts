import type { Condition, MetricType } from "../../src/catalogue/definition.ts";

const code = (text: string) => `\`${text}\``;
const list = (texts: readonly string[], separator = ", ") =>
  texts.length === 0 ? "–" : texts.join(separator);

/** The row of docs/composer.md for a type: its dimensions and choices, and what it feeds under which labels. */
export function composerRow({ name, dimensions, choices = {}, instruments }: MetricType): string {
  const sent = dimensions.map((dimension) => {
    const values = choices[dimension];
    return values === undefined ? code(dimension) : `${code(dimension)} = ${values.join(", ")}`;
  });
  const fed = instruments.map(({ name: family, labels, when = [] }) => {
    const shown = labels.length === 0 ? "" : ` (${labels.join(", ")})`;
    return `${code(family)}${shown}${when.length === 0 ? "" : ` if ${when.map(toText).join(" and ")}`}`;
  });
  return `| ${code(name)} | ${list(sent, "; ")} | ${list(fed, "; ")} |`;
}

function toText(condition: Condition): string {
  if ("is" in condition) return `${condition.dimension} is ${condition.is}`;
  return `${condition.isSent ? "a" : "no"} ${condition.dimension} is sent`;
}
