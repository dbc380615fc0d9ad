/** `on…` adds a listener; true is an attribute without a value; false and undefined leave it out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...present(children));
  return made;
}
/** The same for drawings. */
export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...present(children));
  return made;
}
function setAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
}
const present = (children) => children.filter((child) => child !== undefined && child !== false);
/**
 * A name that a client chose: cut where there is no room, whole in its title, and with a writing direction
 * of its own, so that it turns nothing around it.
 */
export function nameText(name, className = "name") {
  return element("bdi", { class: className, title: name }, name === "" ? "(none)" : name);
}
