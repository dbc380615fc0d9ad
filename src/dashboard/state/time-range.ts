/** The time that somebody chose: a length that ends now and moves on with every load, or a fixed time. */
export type RangeChoice =
  | { readonly kind: "last"; readonly preset: Preset }
  | { readonly kind: "fixed"; readonly fromMs: number; readonly toMs: number };

/** Whose clock times are read and written by: that of the reader's browser, or UTC. */
export type Zone = "local" | "utc";

/** From `startMs`, before `endMs`, both in milliseconds since 1970. */
export interface ResolvedRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** A preset's name, as it stands in the address. */
export type Preset = keyof typeof PRESETS;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The ranges on offer, as they stand in the address and in the menu. */
export const PRESETS = {
  "15m": { lengthMs: 15 * MINUTE_MS, label: "Last 15 minutes" },
  "1h": { lengthMs: HOUR_MS, label: "Last hour" },
  "6h": { lengthMs: 6 * HOUR_MS, label: "Last 6 hours" },
  "24h": { lengthMs: DAY_MS, label: "Last 24 hours" },
  "7d": { lengthMs: 7 * DAY_MS, label: "Last 7 days" },
  "30d": { lengthMs: 30 * DAY_MS, label: "Last 30 days" },
  "90d": { lengthMs: 90 * DAY_MS, label: "Last 90 days" },
} as const;

/** The periods that the directory's RPCs and REST paths take, by the names they have there. */
export const DIRECTORY_PERIODS = {
  "1h": { lengthMs: HOUR_MS, label: "1 hour" },
  "6h": { lengthMs: 6 * HOUR_MS, label: "6 hours" },
  "12h": { lengthMs: 12 * HOUR_MS, label: "12 hours" },
  "1d": { lengthMs: DAY_MS, label: "1 day" },
  "7d": { lengthMs: 7 * DAY_MS, label: "7 days" },
  "30d": { lengthMs: 30 * DAY_MS, label: "30 days" },
  "90d": { lengthMs: 90 * DAY_MS, label: "90 days" },
} as const;

/** A period's name, as it stands in the address and in the request. */
export type DirectoryPeriod = keyof typeof DIRECTORY_PERIODS;

/** What a page shows while nobody has chosen. */
export const DEFAULT_RANGE: { readonly kind: "last"; readonly preset: Preset } = {
  kind: "last",
  preset: "1h",
};
/** The shortest range in milliseconds: points are a second apart at least, and a chart needs some. */
export const RANGE_MS_MIN = 10_000;
/** The longest range in milliseconds: ten years, more than the service keeps. */
export const RANGE_MS_MAX = 10 * 366 * DAY_MS;

/** Whether the address names a period that exists. */
export function isDirectoryPeriod(name: string): name is DirectoryPeriod {
  return Object.hasOwn(DIRECTORY_PERIODS, name);
}

/** Whether the address names a preset that exists. */
export function isPreset(name: string): name is Preset {
  return Object.hasOwn(PRESETS, name);
}

/** The points in time that a choice means now. */
export function resolveRange(choice: RangeChoice, nowMs: number): ResolvedRange {
  if (choice.kind === "fixed") return { startMs: choice.fromMs, endMs: choice.toMs };
  return { startMs: nowMs - PRESETS[choice.preset].lengthMs, endMs: nowMs };
}

/** The same length of time just before, to compare with. */
export function rangeBefore({ startMs, endMs }: ResolvedRange): ResolvedRange {
  return { startMs: startMs - (endMs - startMs), endMs: startMs };
}

/**
 * A fixed range in whole seconds, widened to the shortest length; undefined where it ends before it begins,
 * is too long, or is no time at all.
 */
export function fixedRange(fromMs: number, toMs: number): RangeChoice | undefined {
  const from = Math.floor(fromMs / 1000) * 1000;
  const to = Math.max(Math.ceil(toMs / 1000) * 1000, from + RANGE_MS_MIN);
  const isUsable = Number.isFinite(from) && Number.isFinite(to) && from >= 0 && to - from <= RANGE_MS_MAX;
  return isUsable && toMs > fromMs ? { kind: "fixed", fromMs: from, toMs: to } : undefined;
}

/** The steps that series are asked for in, ascending; the service answers whole hours from rollups. */
const STEPS_MS = [
  1000,
  5000,
  10_000,
  30_000,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  6 * HOUR_MS,
  DAY_MS,
  7 * DAY_MS,
] as const;
/** Points that a chart of half the page's width can show apart from each other. */
const POINTS_MAX = 180;

/**
 * The shortest step, in milliseconds, that keeps a chart below that. Whole hours and days are answered from
 * rollups, so long ranges are cheap.
 */
export function stepOf({ startMs, endMs }: ResolvedRange): number {
  const lengthMs = endMs - startMs;
  const fitting = STEPS_MS.find((stepMs) => lengthMs / stepMs <= POINTS_MAX);
  return fitting ?? Math.ceil(lengthMs / POINTS_MAX / DAY_MS) * DAY_MS;
}
