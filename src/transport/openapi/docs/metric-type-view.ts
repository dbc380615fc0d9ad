import type { MetricTypeDocument } from "../metric-types.ts";
import { type Html, html } from "./html.ts";

/** A metric type, folded: what to send with it, and what becomes of it. */
export function metricTypeView({ name, description, dimensions, instruments }: MetricTypeDocument): Html {
  const fields = dimensions.map(
    (dimension) => html`<tr>
<th scope="row"><code>${dimension.name}</code></th>
<td>${dimension.values === undefined ? "any value" : codes(dimension.values)}</td>
</tr>
`,
  );
  const exported = instruments.map(
    (instrument) => html`<tr>
<th scope="row"><code>${instrument.name}</code></th>
<td>${instrument.kind}${instrument.unit !== "1" && `, ${instrument.unit}`}</td>
<td>${instrument.description}${instrument.labels.length > 0 && html`, by ${codes(instrument.labels)}`}</td>
</tr>
`,
  );
  return html`<details class="schema" id="type-${name}">
<summary><code>${name}</code> <span class="about">${description}</span></summary>
<div class="body">
<h3>Dimensions</h3>
${fields.length === 0 ? html`<p>None of its own.</p>` : html`<table>${fields}</table>`}
<h3>Exported as</h3>
${exported.length === 0 ? html`<p>Nothing.</p>` : html`<table>${exported}</table>`}
</div>
</details>
`;
}

/** Names, with commas between them. */
function codes(names: readonly string[]): Html {
  return html`${names.map((name, index) => html`${index > 0 && ", "}<code>${name}</code>`)}`;
}
