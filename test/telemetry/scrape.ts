/** Reading what a scrape got. */
import { parseExposition, type Sample } from "../support/exposition.ts";

/**
 * `parseExposition`, which wants a histogram's count behind its buckets. The format does not, and
 * OpenTelemetry's serializer writes count and sum first.
 */
export function parseScrape(text: string): Sample[] {
  if (text === "") return [];
  let countName = "";
  const place = (line: string) => Number(countName !== "" && /^[^{ ]+/.exec(line)?.[0] === countName);
  const lines: string[] = [];
  // By families, each with its own head, in which nothing moves.
  for (const family of text.split(/^(?=# HELP )/m)) {
    const [, name] = /^# TYPE (\S+) histogram$/m.exec(family) ?? [];
    countName = name === undefined ? "" : `${name}_count`;
    lines.push(
      ...family
        .slice(0, -1)
        .split("\n")
        .sort((a, b) => place(a) - place(b)),
    );
  }
  return parseExposition(`${lines.join("\n")}${text.at(-1)}`);
}

/** The value of the only sample with that name and at least those labels. */
export function only(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
) {
  const found = select(samples, name, labels);
  const [sample] = found;
  if (sample === undefined || found.length > 1) throw new Error(`${found.length} samples of ${name}`);
  return sample.value;
}

export function select(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] {
  const wanted = Object.entries(labels);
  return samples.filter(
    (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  );
}

/** Of every sample with that name. */
export function sum(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) {
  return select(samples, name, labels).reduce((total, { value }) => total + value, 0);
}
