import { test } from "uvu";
import * as assert from "uvu/assert";
import { html, prose } from "../../../src/transport/openapi/docs/html.ts";

const HOSTILE = `<script>alert("1")</script> & '`;
const ESCAPED = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;";

test("what is put into a page is text, wherever it is put", () => {
  assert.is(html`<a title="${HOSTILE}">${HOSTILE}</a>`.text, `<a title="${ESCAPED}">${ESCAPED}</a>`);
  assert.is(html`${[HOSTILE, html`<b>${HOSTILE}</b>`]}`.text, `${ESCAPED}<b>${ESCAPED}</b>`);
  assert.is(prose(HOSTILE).text, `<p>${ESCAPED}</p>`);
});

test("what is undefined is left out, and what is 0 is not", () => {
  assert.is(html`a${undefined}b${0}`.text, "ab0");
});

test("descriptions have paragraphs and code", () => {
  assert.is(prose("The `value` of\nit.\n\nMore.").text, "<p>The <code>value</code> of\nit.</p><p>More.</p>");
});

test.run();
