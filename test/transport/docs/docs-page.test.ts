import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../../src/catalogue/catalogue.ts";
import type { OpenApiDocument } from "../../../src/transport/openapi/operation.ts";
import { needing } from "../../support/needs.ts";
import { ADMIN_KEY, type TestService } from "../../support/service.ts";
import { NOT_TO_BE_TRIED, startExampleService } from "../openapi/example-service.ts";

interface Shown {
  readonly service: TestService;
  readonly page: string;
  readonly headers: Headers;
  readonly document: OpenApiDocument;
}

const run = promisify(execFile);
const test = suite<Shown>("/docs");

test.before(async (context) => {
  const service = await startExampleService();
  const answer = await fetch(`${service.url}/docs`);
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
  Object.assign(context, { service, page: await answer.text(), headers: answer.headers, document });
});
test.after(({ service }) => service.close());

test("the page shows every operation, metric type and schema, and each link in it leads somewhere", ({
  page,
  document,
}) => {
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  // An RPC's GET stands with its POST.
  for (const { operationId } of operations)
    assert.ok(ids.has(operationId.replace(/\.get$/, "")), operationId);
  for (const name of Object.keys(document.components.schemas)) assert.ok(ids.has(`schema-${name}`), name);
  for (const { name } of METRIC_TYPES) assert.ok(ids.has(`type-${name}`), name);
  for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(id), id);
});

test("the page loads its own files only, and they are there", async ({ page, headers, service }) => {
  assert.match(
    headers.get("content-security-policy") ?? "",
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  );
  assert.not.match(
    page,
    /<script(?![^>]* src=)|<style| style="| on\w+="/,
    "nothing that the policy would refuse",
  );
  const files = [...page.matchAll(/ (?:src|href)="([^#"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(files.length >= 4);
  for (const path of files) {
    assert.not.match(path, /^(https?:)?\/\//, path);
    assert.is((await fetch(new URL(path, `${service.url}/docs`))).status, 200, path);
  }
});

/** As a reader copies them. */
function shellLines(page: string): readonly string[] {
  const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return [...page.matchAll(/<pre class="shell"[^>]*>([\s\S]*?)<\/pre>/g)].map(([, text = ""]) =>
    text.replace(/<[^>]+>/g, "").replace(/&(#?\w+);/g, (_, name) => entities[name] ?? ""),
  );
}

needing(test, "curl")("every line for a shell works as it is copied", async ({ page, service, document }) => {
  const lines = shellLines(page);
  const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
  assert.is(lines.length, operations.length);
  // What a shell's owner may have asked of every curl: to fail when the service does.
  const home = mkdtempSync(join(tmpdir(), "mcp-metrics-curl-"));
  writeFileSync(join(home, ".curlrc"), "fail-with-body\nsilent\nmax-time = 20\n");
  const env = { ...process.env, HOME: home, METRICS_API_KEY: ADMIN_KEY };
  for (const line of lines) {
    if (NOT_TO_BE_TRIED.some((path) => line.includes(path))) continue;
    const script = line.replaceAll("http://localhost:8890", service.url);
    await run("sh", ["-c", script], { env }).catch((error) => assert.unreachable(`${line}\n${error.stdout}`));
  }
  rmSync(home, { recursive: true });
});

test("whoever asks for the page with a slash at its end is led to it", async ({ service }) => {
  const answer = await fetch(`${service.url}/docs/`);
  assert.equal([answer.status, answer.url], [200, `${service.url}/docs`]);
});

test("the service names the page where it names its paths", async ({ service }) => {
  const { endpoints } = (await (await fetch(service.url)).json()) as { endpoints: Record<string, string> };
  assert.equal([endpoints.docs, endpoints.admin, endpoints.dashboard], ["/docs", "/admin", "/dashboard"]);
});

test.run();
