/** Searches the page and unfolds what is linked. Everything can be read without it. */
const search = document.querySelector("#search");
const found = document.querySelector("#found");
const entries = [...document.querySelectorAll(".operation, .schema, .answer[id]")].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  // What is looked for by name should not be buried under what only mentions it.
  name: element.matches(".answer") ? "" : element.querySelector("summary").textContent.toLowerCase(),
}));
const groups = [...document.querySelectorAll(".group")];

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  const isNamed = entries.some(({ name }) => has(name));
  let count = 0;
  for (const { element, text, name } of entries) {
    element.hidden = !has(isNamed ? name : text);
    if (!element.hidden) count += 1;
  }
  for (const group of groups) group.hidden = group.querySelector("details:not([hidden])") === null;
  document.querySelector(".intro").hidden = words.length > 0;
  found.textContent = words.length === 0 ? "" : count === 1 ? "1 found" : `${count} found`;
}

/** Unfold what the address names. */
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    if (target.hidden) {
      search.value = "";
      show();
    }
    target.open = true;
    target.scrollIntoView();
  }
}

search.addEventListener("input", show);
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    show();
  } else if (event.key === "Enter") {
    const first = entries.find(({ element }) => !element.hidden)?.element;
    if (first !== undefined) {
      // Or the key would fold it again, where the focus goes.
      event.preventDefault();
      first.open = true;
      first.querySelector("summary").focus();
    }
  }
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
});
addEventListener("hashchange", unfold);
for (const origin of document.querySelectorAll(".origin")) {
  origin.textContent = new URL(".", location.href).href.replace(/\/$/, "");
}
for (const shell of document.querySelectorAll(".shell")) {
  // Only where the browser may: on a page that came safely, or from this machine.
  if (navigator.clipboard === undefined) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(shell.textContent);
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2000);
  });
  shell.before(button);
}
unfold();
show();
