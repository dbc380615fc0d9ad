/**
 * A strict reader of Prometheus text 0.0.4, for tests: whatever a scraper might tolerate but the format
 * does not allow is an error here, and so is a family whose lines do not belong together.
 */

/** One line with a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The name and kind of the family that the line stands under. */
  readonly family: string;
  readonly kind: string;
}

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/sy;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i;
const KINDS = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);

/** Every sample in order. @throws {Error} naming the line that breaks the format. */
export function parseExposition(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the text does not end with a line feed");
  const samples: Sample[] = [];
  const families = new Map<string, string>();
  const seen = new Set<string>();
  let help: string | undefined;
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("#")) {
      const [, what, name = "", rest = ""] = HEAD.exec(line) ?? fail(line, "is no HELP or TYPE line");
      if (families.has(name)) fail(line, "comes after its family was begun");
      if (what === "HELP") help = name;
      else {
        if (help !== name) fail(line, "has no HELP before it");
        if (!KINDS.has(rest)) fail(line, "has an unknown kind");
        families.set(name, rest);
        family = name;
      }
      continue;
    }
    const sample = parseSample(line, family, families.get(family) ?? fail(line, "has no TYPE before it"));
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(identity)) fail(line, "repeats a series");
    seen.add(identity);
    samples.push(sample);
  }
  checkHistograms(samples);
  return samples;
}

function parseSample(line: string, family: string, kind: string): Sample {
  const [, name = "", labelText, number = ""] = SAMPLE.exec(line) ?? fail(line, "is no sample");
  const suffixes = kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  if (!suffixes.some((suffix) => name === family + suffix)) fail(line, `does not belong to ${family}`);
  if (!NUMBER.test(number)) fail(line, "has no number");
  const value = Number(number.replace("Inf", "Infinity"));
  if (kind === "counter" && !(value >= 0)) fail(line, "is a counter below zero");
  return { name, labels: parseLabels(line, labelText ?? ""), value, family, kind };
}

function parseLabels(line: string, text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at;
    const [, name = "", value = ""] = LABEL.exec(text) ?? fail(line, "has a malformed label");
    if (Object.hasOwn(labels, name)) fail(line, `has ${name} twice`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}

function checkHistograms(samples: readonly Sample[]): void {
  const lastBucket = new Map<string, Sample>();
  const counts = new Map<string, number>();
  for (const sample of samples.filter(({ kind }) => kind === "histogram")) {
    const { le, ...rest } = sample.labels;
    const key = JSON.stringify([sample.family, rest]);
    const last = lastBucket.get(key);
    if (sample.name.endsWith("_bucket")) {
      const bound = Number(le?.replace("+Inf", "Infinity") ?? Number.NaN);
      const lastBound = Number(last?.labels.le ?? Number.NEGATIVE_INFINITY);
      if (!(bound > lastBound)) fail(key, "has buckets out of order");
      if (sample.value < (last?.value ?? 0)) fail(key, "has buckets that are not cumulative");
      lastBucket.set(key, sample);
    }
    // The format leaves it open whether the count comes before or after the buckets.
    if (sample.name.endsWith("_count")) counts.set(key, sample.value);
  }
  for (const key of new Set([...counts.keys(), ...lastBucket.keys()])) {
    const last = lastBucket.get(key);
    if (last?.labels.le !== "+Inf" || last.value !== counts.get(key)) {
      fail(key, "has a count unlike its +Inf bucket");
    }
  }
}

function fail(line: string, problem: string): never {
  throw new Error(`${JSON.stringify(line)} ${problem}`);
}
