import { element } from "../dom/element.ts";
import { nameOfZone } from "../format/zone.ts";
import type { Zone } from "../state/time-range.ts";

/** Says in which zone the page's times are, and changes it. */
export interface ZoneSwitch {
  readonly element: HTMLElement;
  /** Follows the address. */
  show(zone: Zone): void;
}

/** A button with the zone's name, to and from UTC. Where the browser's own zone is UTC, there is nothing to change. */
export function createZoneSwitch(onChoose: (zone: Zone) => void): ZoneSwitch {
  const name = element("bdi", { class: "name" });
  const button = element("button", { type: "button", class: "control zone" }, name);
  button.disabled = nameOfZone("local") === nameOfZone("utc");
  let other: Zone = "utc";
  button.addEventListener("click", () => onChoose(other));
  return {
    element: button,
    show(zone) {
      other = zone === "utc" ? "local" : "utc";
      name.textContent = nameOfZone(zone);
      button.setAttribute("aria-label", `Time zone: ${nameOfZone(zone)}`);
      button.title = button.disabled ? "Time zone" : `Show times in ${nameOfZone(other)}`;
    },
  };
}
