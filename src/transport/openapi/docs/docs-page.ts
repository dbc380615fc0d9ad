import type { OpenApiDocument } from "../operation.ts";
import { html, prose } from "./html.ts";
import { metricTypeView } from "./metric-type-view.ts";
import { answerView, operationView, type ShownOperation } from "./operation-view.ts";
import { schemaView } from "./schema-view.ts";

/** The page that shows the document: complete without a script, which only searches and unfolds. */
export function docsPage(document: OpenApiDocument): string {
  const { info, tags, components } = document;
  const operations = shownOperations(document);
  const groups = tags.map((tag, index) => ({
    ...tag,
    id: `group-${index}`,
    shown: operations.filter(({ operation }) => operation.tags[0] === tag.name),
  }));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} ${info.version}: interface</title>
<link rel="icon" href="docs/icon.svg">
<link rel="stylesheet" href="docs/docs.css">
<script src="docs/docs.js" defer></script>
</head>
<body>
<a class="skip" href="#operations">To the operations</a>
<header>
<h1>${info.title} <small>${info.version}</small></h1>
<search><label for="search">Search</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="path, word or reason"
aria-describedby="found" aria-keyshortcuts="/">
<output id="found" for="search"></output></search>
<p class="links"><a href="openapi.json">openapi.json</a></p>
</header>
<nav aria-label="Groups">
<ul>
${groups.map(({ id, name }) => html`<li><a href="#${id}">${breakable(name)}</a></li>\n`)}
<li><a href="#metric-types">Metric types</a></li>
<li><a href="#rpc-failures">Failures of RPCs</a></li>
<li><a href="#schemas">Schemas</a></li>
</ul>
</nav>
<main id="operations" tabindex="-1">
<section class="intro">${prose(info.description)}</section>
${groups.map(
  ({ id, name, description, shown }) => html`<section class="group" id="${id}">
<h2>${breakable(name)}</h2>
<div class="lead">${prose(description)}</div>
${shown.map((operation) => operationView(operation, components))}</section>
`,
)}
<section class="group" id="metric-types">
<h2>Metric types</h2>
<p>What can be submitted. Further dimensions, and metadata, are stored and not exported.</p>
${document["x-metric-types"].map(metricTypeView)}</section>
<section class="group" id="rpc-failures">
<h2>Failures of RPCs</h2>
<p>As Connect says them. Each carries google.rpc.ErrorInfo with a stable reason.</p>
${Object.entries(components.responses).map(([name, answer]) =>
  answerView(
    `${name.replace(/\D+/, "")} ${name.startsWith("Open") ? "without a key" : ""}`,
    answer,
    `answer-${name}`,
  ),
)}</section>
<section class="group" id="schemas">
<h2>Schemas</h2>
<p>What bodies and answers are made of.</p>
${Object.entries(components.schemas).map(([name, schema]) => schemaView(name, schema))}</section>
</main>
</body>
</html>
`;
  return page.text;
}

/** A long name may break after its dots. */
const breakable = (name: string) =>
  html`${name.split(".").map((part, index) => (index === 0 ? part : html`.<wbr>${part}`))}`;

/** As they are listed; the GET of an RPC stands with its POST. */
function shownOperations({ paths }: OpenApiDocument): readonly ShownOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !operationId.endsWith(".get"))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        operation,
        get: Object.values(methods).find(({ operationId }) => operationId === `${operation.operationId}.get`),
      })),
  );
}
