import type { Zone } from "../state/time-range.ts";

/** The zone that the address asks for. One for the whole page: two clocks on one page would mislead. */
let shown: Zone = "local";

/** From now on, times are written and read in this zone. What is on the page already is drawn again by its owner. */
export function useZone(zone: Zone): void {
  shown = zone;
}

/** For `Intl`: undefined means the browser's own. */
export const intlZone = (): "UTC" | undefined => (shown === "utc" ? "UTC" : undefined);

/** How far the zone is ahead of UTC at a moment, in milliseconds. */
export function zoneOffsetMs(ms: number): number {
  return shown === "utc" ? 0 : new Date(ms).getTimezoneOffset() * -60_000;
}

/** As people know it: "Europe/Berlin", "UTC". */
export function nameOfZone(zone: Zone): string {
  if (zone === "utc") return "UTC";
  const { timeZone } = new Intl.DateTimeFormat("en-GB").resolvedOptions();
  // All of its names, of which systems and browsers choose one each.
  if (/^((Etc\/)?(UTC|UCT|GMT|Greenwich|Universal|Zulu)|\+00:00)$/.test(timeZone)) return "UTC";
  return /^[+-]\d/.test(timeZone) ? `UTC${timeZone}` : timeZone;
}

/** The name of the zone that times are in. */
export const shownZoneName = (): string => nameOfZone(shown);
