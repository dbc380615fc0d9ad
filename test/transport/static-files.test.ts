import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createStaticFile,
  fileAnswer,
  findStaticFiles,
  pageRoutes,
} from "../../src/transport/pages/static-files.ts";
import type { RestRequest, RouteName } from "../../src/transport/rest/route.ts";

const TEXT = "body { color: black }\n".repeat(100);
const file = createStaticFile("page.css", TEXT);

const asking = (headers: Readonly<Record<string, string>>) => headers;

const encodings: readonly { readonly accepted: string | undefined; readonly isGzip: boolean }[] = [
  { accepted: undefined, isGzip: false },
  { accepted: "", isGzip: false },
  { accepted: "br, deflate", isGzip: false },
  { accepted: "gzip, deflate, br", isGzip: true },
  { accepted: "GZIP", isGzip: true },
  { accepted: "*", isGzip: true },
  { accepted: "gzip;q=0.5", isGzip: true },
  { accepted: "gzip; q=0", isGzip: false },
  { accepted: "*, gzip;q=0", isGzip: false },
  { accepted: "x-gzip", isGzip: false },
];

for (const { accepted, isGzip } of encodings) {
  test(`a client that accepts ${accepted ?? "nothing in particular"} can read the file`, () => {
    const answer = fileAnswer(file, asking(accepted === undefined ? {} : { "accept-encoding": accepted }));
    assert.is(answer.headers?.["content-encoding"], isGzip ? "gzip" : undefined);
    const bytes = Buffer.from(answer.body as Uint8Array);
    assert.is((isGzip ? gunzipSync(bytes) : bytes).toString(), TEXT);
    assert.is(answer.headers?.["content-type"], "text/css; charset=utf-8");
  });
}

test("what is not smaller compressed is not sent compressed", () => {
  const tiny = createStaticFile("tiny.js", "1;");
  assert.is(fileAnswer(tiny, asking({ "accept-encoding": "gzip" })).headers?.["content-encoding"], undefined);
});

test("a client that has the file is not sent it again, and one with an older file is", () => {
  for (const encoding of ["gzip", "identity"]) {
    const etag = fileAnswer(file, asking({ "accept-encoding": encoding })).headers?.etag ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = fileAnswer(file, asking({ "accept-encoding": encoding, "if-none-match": known }));
      assert.equal([again.status, again.body, again.headers?.etag], [304, "", etag]);
    }
    const older = fileAnswer(file, asking({ "accept-encoding": encoding, "if-none-match": '"older"' }));
    assert.is(older.status, 200);
  }
});

test("a page may load nothing from elsewhere and be framed by nobody", () => {
  const policy = fileAnswer(file, asking({})).headers?.["content-security-policy"] ?? "";
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]) {
    assert.ok(policy.split("; ").includes(rule), rule);
  }
  assert.not.match(policy, /unsafe|\*|https?:/);
});

test("a folder's files are served under the page's path, and nothing else of the disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-page-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html>");
  writeFileSync(join(folder, "page.js"), "1;");
  mkdirSync(join(folder, "deeper"));
  const routes = pageRoutes("/page", findStaticFiles(pathToFileURL(`${folder}/`)));
  assert.equal(Object.keys(routes).sort(), ["GET /page", "GET /page/", "GET /page/page.js"]);
  const request = { exchange: { request: { headers: {} } } } as RestRequest;
  const get = (path: string) => routes[`GET ${path}` as RouteName]?.answer(request as never, {} as never);
  for (const _time of ["read", "from memory"]) {
    assert.is(String((get("/page") as { body: Buffer }).body), "<!doctype html>");
    rmSync(folder, { recursive: true, force: true });
  }
  const { status, headers } = get("/page/") as { status: number; headers: Record<string, string> };
  assert.is(status, 308);
  assert.is(
    new URL(headers.location ?? "", "http://localhost/behind/proxy/page/").pathname,
    "/behind/proxy/page",
  );
});

test("a file of an unknown kind is rejected at start, not guessed", () => {
  assert.throws(() => createStaticFile("page.exe", ""), /page\.exe is no kind of file/);
});

test.run();
