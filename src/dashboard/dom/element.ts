/** Undefined and false are skipped, so that an optional child can be written as `condition && element(…)`. */
type Child = Node | string | undefined | false;
/** Listeners are given as attributes whose names begin with `on`. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/**
 * An HTML element with attributes and children. A string becomes a text node and is never parsed, whoever
 * chose it: names of tools and servers come from clients, and there is no other way to put text on the page.
 *
 * @param attributes `on…` adds a listener; `true` sets an attribute without a value; `false` and `undefined`
 * leave it out
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...present(children));
  return made;
}

/** The same for SVG, whose elements have a namespace of their own. */
export function drawing(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...present(children));
  return made;
}

function setAttributes(made: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
}

const present = (children: readonly Child[]) =>
  children.filter((child): child is Node | string => child !== undefined && child !== false);

/**
 * A name that a client chose: cut where there is no room, whole in its title, and with a writing direction
 * of its own, so that it turns nothing around it.
 */
export function nameText(name: string, className = "name"): HTMLElement {
  return element("bdi", { class: className, title: name }, name === "" ? "(none)" : name);
}
