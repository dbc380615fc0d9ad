import type { Answer, OpenApiDocument, OpenApiOperation } from "../operation.ts";
import { curlLine, ORIGIN } from "./curl-line.ts";
import { type Html, html, inline, prose } from "./html.ts";
import { kindOf, row } from "./schema-view.ts";

/** An operation as the page shows it. */
export interface ShownOperation {
  /** In capitals. */
  readonly method: string;
  /** As the document has it. */
  readonly path: string;
  /** All that is said of it. */
  readonly operation: OpenApiOperation;
  /** The same call as a GET, which RPCs without side effects have. */
  readonly get: OpenApiOperation | undefined;
}

/** An operation, folded: what it does, how to call it, what it answers. */
export function operationView(shown: ShownOperation, { responses }: OpenApiDocument["components"]): Html {
  const { method, path, operation, get } = shown;
  const answers = Object.entries(operation.responses).map(([status, answer]) =>
    "$ref" in answer ? sharedAnswer(status, answer.$ref, responses) : answerView(status, answer),
  );
  return html`<details class="operation" id="${operation.operationId}">
<summary><span class="method ${method.toLowerCase()}">${method}</span> <code class="path">${path}</code>
<span class="about">${inline(operation.summary)}</span></summary>
<div class="body">
${operation.deprecated && html`<p><strong>Deprecated.</strong></p>`}${prose(operation.description)}
${parameters(operation)}${requestBody(operation)}
<h3>From a shell</h3>
${shell(curlLine(method, path, operation))}
${get && html`<p>As a GET, which caches understand:</p>${shell(curlLine("GET", path, get))}`}
<h3>Answers</h3>
${answers}
</div>
</details>
`;
}

/** A line for a shell, in which a script puts the page's own address. */
function shell(line: string): Html {
  const parts = line.split(ORIGIN);
  const shown = parts.map((part, index) =>
    index === 0 ? part : html`<span class="origin">${ORIGIN}</span>${part}`,
  );
  return html`<pre class="shell" tabindex="0">${shown}</pre>`;
}

/** A row for each parameter. */
function parameters({ parameters = [] }: OpenApiOperation): Html | undefined {
  if (parameters.length === 0) return undefined;
  const rows = parameters.map(({ name, in: place, required = false, description, schema, content }) =>
    row(
      name,
      schema ?? Object.values(content ?? {})[0]?.schema ?? {},
      required,
      `In the ${place}. ${description}`,
    ),
  );
  return html`<h3>Parameters</h3><table>${rows}</table>`;
}

/** What to send, with examples. */
function requestBody({ requestBody: body }: OpenApiOperation): Html | undefined {
  const [[contentType, media] = []] = Object.entries(body?.content ?? {});
  if (media === undefined) return undefined;
  return html`<h3>Body</h3>
<p><code>${contentType}</code>: ${kindOf(media.schema)}${body?.required ? undefined : ", may be left out"}</p>
${examples(media.examples)}`;
}

/** What many operations answer alike stands in a place of its own. */
function sharedAnswer(
  status: string,
  reference: string,
  responses: OpenApiDocument["components"]["responses"],
): Html {
  const name = reference.split("/").at(-1) ?? "";
  const reasons = responses[name]?.description ?? "";
  return html`<p class="answer"><a class="status s${status[0]}" href="#answer-${name}">${status}</a>
<span class="about">${shortly(reasons)}</span></p>
`;
}

/** The reasons alone, without what they mean. */
const shortly = (description: string) => inline(description.split("\n\n").map(reasonOnly).join(", "));

/** An answer, folded: what it means, and how it looks. */
export function answerView(status: string, { description, content }: Answer, id?: string): Html {
  const [[contentType, media] = []] = Object.entries(content ?? {});
  return html`<details class="answer"${id === undefined ? undefined : html` id="${id}"`}>
<summary><span class="status s${status[0]}">${status}</span>
<span class="about">${shortly(description)}</span></summary>
<div class="body">${prose(description)}
${media && html`<p><code>${contentType}</code>: ${kindOf(media.schema)}</p>${examples(media.examples)}`}
</div></details>
`;
}

/** Of a reason with its meaning, the reason. */
const reasonOnly = (text: string) => /^`[a-z_]+`(?=: )/.exec(text)?.[0] ?? text;

/** Each folded under its name. */
function examples(values: Readonly<Record<string, { readonly value: unknown }>> = {}): Html {
  const views = Object.entries(values).map(
    ([
      name,
      { value },
    ]) => html`<details class="example"><summary>${name === "example" ? "Example" : name}</summary>
<pre tabindex="0">${JSON.stringify(value, undefined, 2)}</pre></details>
`,
  );
  return html`${views}`;
}
