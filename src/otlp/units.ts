/**
 * Units of time, in whichever spelling: UCUM's (https://ucum.org), which OpenTelemetry asks for, and the words
 * that Micrometer and people write.
 */

/** Case matters in UCUM's own symbols: `Ms` is a million seconds. */
const SYMBOLS_MS: ReadonlyMap<string, number> = new Map([
  ["fs", 1e-12],
  ["ps", 1e-9],
  ["ns", 1e-6],
  ["us", 0.001],
  // The micro sign, and the Greek letter that looks like it.
  ["\u00b5s", 0.001],
  ["\u03bcs", 0.001],
  ["ms", 1],
  ["cs", 10],
  ["ds", 100],
  ["s", 1000],
  ["ks", 1e6],
  ["Ms", 1e9],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["wk", 604_800_000],
]);

/** Words, each also as a plural, in any case. */
const WORDS: Readonly<Record<string, number>> = {
  picosecond: 1e-9,
  nanosecond: 1e-6,
  nano: 1e-6,
  nanosec: 1e-6,
  nsec: 1e-6,
  microsecond: 0.001,
  micro: 0.001,
  microsec: 0.001,
  usec: 0.001,
  millisecond: 1,
  milli: 1,
  millisec: 1,
  msec: 1,
  second: 1000,
  sec: 1000,
  minute: 60_000,
  min: 60_000,
  hour: 3_600_000,
  hr: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

const WORDS_MS: ReadonlyMap<string, number> = new Map(
  Object.entries(WORDS).flatMap(([word, ms]) => [
    [word, ms],
    [`${word}s`, ms],
  ]),
);

/** Longer than any unit of time; what is longer is not looked at. */
const UNIT_LENGTH_MAX = 40;

/**
 * How many ms a unit is; undefined for one that is none of time. An annotation in braces says nothing of a
 * unit (`ms{request}`), unless it is all there is: `{seconds}`.
 */
export function unitInMs(unit: string): number | undefined {
  if (unit.length > UNIT_LENGTH_MAX) return undefined;
  const text = unit.trim();
  const bare = /^\{(.*)\}$/s.exec(text)?.[1]?.trim() ?? text.replace(/\{[^}]*\}$/, "");
  return SYMBOLS_MS.get(bare) ?? WORDS_MS.get(bare.toLowerCase());
}
