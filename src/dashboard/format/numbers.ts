/** In place of a number that does not exist, as the average of nothing. Never for zero. */
export const NOTHING = "–";

/** A statistic that the service did not answer, as a number: every formatter below writes NaN as a dash. */
export const orNaN = (value: number | undefined): number => value ?? Number.NaN;

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1 234, 12.3k, 4.56M: exact below 10 000, three digits and a power of a thousand above. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return NOTHING;
  const size = Math.abs(count);
  if (size < 10_000) return Number.isInteger(count) ? grouped.format(count) : threeDigits(count);
  if (size < 999_500) return `${threeDigits(count / 1e3)}k`;
  if (size < 999_500_000) return `${threeDigits(count / 1e6)}M`;
  return `${threeDigits(count / 1e9)}G`;
}

/** Every digit, for titles and for tables, where a rounded number would hide a difference. */
export function formatExact(count: number | bigint): string {
  return typeof count === "number" && !Number.isFinite(count) ? NOTHING : count.toLocaleString("en-US");
}

/** Units of rates, and how many seconds each is. */
const RATE_UNITS = [
  ["s", 1],
  ["min", 60],
  ["h", 3600],
] as const;

/** The shortest unit in which a rate is one or more: 7 calls an hour are `7/h`, not `0.00/s`. */
export function rateUnitOf(perSecond: number): (typeof RATE_UNITS)[number] {
  return RATE_UNITS.find(([, seconds]) => Math.abs(perSecond) * seconds >= 0.9995) ?? RATE_UNITS[2];
}

/**
 * How often something happens, to three digits: 12.3/s, 25.2/min, 7/h.
 *
 * @param unit for numbers that are compared, as those of one chart; by default the one that suits this number
 */
export function formatRate(perSecond: number, unit = rateUnitOf(perSecond)): string {
  const [name, seconds] = unit;
  return Number.isFinite(perSecond)
    ? `${formatCount(threeDigitsNumber(perSecond * seconds))}/${name}`
    : NOTHING;
}

/**
 * A share of 0 to 1 as 97.1%, 0.03%, 100%. Rounding never makes 100% or 0% of what is not quite that: one
 * failure in a million must remain visible.
 */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return NOTHING;
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent}%`;
  if (percent > 99.95) return `${(Math.floor(percent * 100) / 100).toFixed(2)}%`;
  if (percent < 0.01) return "<0.01%";
  return `${percent.toFixed(percent < 1 ? 2 : 1)}%`;
}

/** Milliseconds as 840 µs, 45 ms, 1.23 s, 4 min 5 s, 2 h 10 min. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return NOTHING;
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${threeDigits(ms * 1000)} µs`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 59_950) return `${threeDigits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** 512 B, 1.50 MB: powers of a thousand, as disks are sold and as the service's limits are written. */
export function formatBytes(bytes: number | bigint): string {
  let size = Number(bytes);
  if (!Number.isFinite(size)) return NOTHING;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; size >= 999.5 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 ? size : threeDigits(size)} ${units[unit]}`;
}

/**
 * A change against an earlier value: +12%, −3.4%, ±0%, +4,900%. Undefined where the earlier value is zero
 * or unknown, since no percentage says anything then.
 */
export function formatChange(now: number, before: number): string | undefined {
  if (!Number.isFinite(now) || !Number.isFinite(before) || before === 0) return undefined;
  const percent = (now / before - 1) * 100;
  const size = Math.abs(percent);
  if (size < 0.05) return "±0%";
  const digits = size < 10 ? size.toFixed(1) : grouped.format(size);
  return `${percent < 0 ? "−" : "+"}${digits}%`;
}

function threeDigitsNumber(value: number): number {
  return Number(value.toPrecision(3));
}

/** Always three digits, so that numbers below each other in a column can be compared: 1.20, 12.0, 120. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

/** 0.80/s → 0.8/s, 25.0 ms → 25 ms: for the round numbers of a scale. */
export function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
}
