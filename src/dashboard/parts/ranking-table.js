import { element, nameText } from "../dom/element.ts";
/** Names by size: a bar, a link, numbers. */
export function rankingTable(rows, options) {
  const sizeMax = Math.max(...rows.map(options.sizeOf), Number.MIN_VALUE);
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, options.nameTitle),
    ...options.columns.map(({ title }) => element("th", { scope: "col", class: "number" }, title)),
  );
  return element(
    "table",
    { class: "ranking" },
    element("caption", { class: "visually-hidden" }, options.caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows.map((row) => tableRow(row, sizeMax, options))),
  );
}
function tableRow(row, sizeMax, options) {
  const name = options.nameOf(row);
  const href = options.hrefOf(row);
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${Math.max(0, (options.sizeOf(row) / sizeMax) * 100).toFixed(1)}%`;
  const text = nameText(name);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, bar, href === undefined ? text : element("a", { href }, text)),
    ...options.columns.map(({ text, exact, isBad }) =>
      element("td", { class: isBad?.(row) ? "number bad" : "number", title: exact?.(row) }, text(row)),
    ),
  );
}
