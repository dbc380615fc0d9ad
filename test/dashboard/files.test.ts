import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startTestService } from "../support/service.ts";

const FOLDER = fileURLToPath(new URL("../../gen/dashboard/", import.meta.url));
const FILES = readdirSync(FOLDER).sort();
const BUNDLE_BYTES_MAX = 120 * 1024;
const { url, close } = await startTestService();
const { port } = new URL(url);

test.after(close);

/** The path as it is, which fetch would tidy up. */
async function getRaw(path: string): Promise<string> {
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

test("the whole page is at most 120 KB on the wire", () => {
  const bytes = FILES.reduce((sum, name) => sum + gzipSync(readFileSync(FOLDER + name)).length, 0);
  assert.ok(bytes <= BUNDLE_BYTES_MAX, `${bytes} bytes`);
});

test("every file is served with its type, and runs under the page's policy", async () => {
  const types: Record<string, string> = {
    html: "text/html; charset=utf-8",
    js: "text/javascript; charset=utf-8",
    css: "text/css; charset=utf-8",
    svg: "image/svg+xml",
  };
  for (const name of FILES) {
    const path = name === "index.html" ? "/dashboard" : `/dashboard/${name}`;
    const answer = await fetch(url + path);
    assert.is(answer.status, 200, path);
    assert.is(answer.headers.get("content-type"), types[name.split(".").at(-1) ?? ""], path);
    assert.is(answer.headers.get("x-content-type-options"), "nosniff");
    assert.match(answer.headers.get("content-security-policy") ?? "", "default-src 'none'");
    assert.equal(Buffer.from(await answer.arrayBuffer()), readFileSync(FOLDER + name), path);
    const etag = answer.headers.get("etag") ?? "";
    const again = await fetch(url + path, { headers: { "if-none-match": etag } });
    assert.is(again.status, 304, path);
  }
});

test("the page names no other place than its service, so that it works without a network", () => {
  const page = readFileSync(`${FOLDER}index.html`, "utf8");
  assert.equal(
    page.match(/(?:src|href)="[^"]*"/g)?.filter((link) => !/="dashboard\//.test(link)),
    [],
  );
  const style = readFileSync(`${FOLDER}style.css`, "utf8");
  assert.equal(style.match(/url\([^)]*\)|@import[^;]*/g), ['url("./icon.svg")']);
});

test("no path leads to a file that is not the page's", async () => {
  const climbs = [
    "..",
    "%2e%2e",
    "%2E.",
    "..%2f",
    "..\\",
    "..%5c",
    "%c0%ae%c0%ae",
    "%252e%252e",
    "..%00",
    "....//",
  ];
  const targets = ["package.json", "etc/passwd", "src/main.ts", "index.html", "main.js", ""];
  const places = ["/dashboard/", "/dashboard", "//dashboard/", "/dashboard/main.js/", "/dashboard/./"];
  let tried = 0;
  for (const place of places) {
    for (const climb of climbs) {
      for (const target of targets) {
        const answer = await getRaw(`${place}${climb}/${target}`);
        tried += 1;
        assert.match(answer, /^HTTP\/1\.1 (404|400)/, `${place}${climb}/${target}`);
      }
    }
  }
  assert.ok(tried >= 300);
});

test.run();
