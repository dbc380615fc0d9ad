import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { RULES } from "../../api/rules.ts";
import type { RestAnswer, RestRoute, RestRoutes, RouteName } from "../rest/route.ts";

/** A file as it is sent, from memory: the event loop waits for no disk, and no path a client sends names a file. */
export interface StaticFile {
  /** By the ending of its name. */
  readonly contentType: string;
  /** As it was read or made. */
  readonly bytes: Buffer;
  /** Undefined where compression gains nothing. */
  readonly gzipped: Buffer | undefined;
  /** From a hash of its bytes. */
  readonly etag: string;
}

/** By the ending of a file's name. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** A page runs and shows its own files only, talks to its own service only, and cannot be framed. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
} as const;

/** @throws for a name whose ending says no known type. */
export function createStaticFile(name: string, content: Buffer | string): StaticFile {
  const contentType = CONTENT_TYPES[extname(name)];
  if (contentType === undefined) throw new Error(`${name} is no kind of file that pages are made of`);
  const bytes = Buffer.from(content);
  const gzipped = gzipSync(bytes);
  return {
    contentType,
    bytes,
    gzipped: gzipped.length < bytes.length * 0.9 ? gzipped : undefined,
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
  };
}

/** A file that is made when it is first asked for, and kept: most processes are never asked. */
export type LazyFile = () => StaticFile;

/** `make` is called once, with the first request. */
export function lazyFile(name: string, make: () => Buffer | string): LazyFile {
  let file: StaticFile | undefined;
  return () => {
    file ??= createStaticFile(name, make());
    return file;
  };
}

/** The files of a folder, by name; not those of folders in it. */
export function findStaticFiles(folder: URL): Map<string, LazyFile> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  return new Map(names.map((name) => [name, lazyFile(name, () => readFileSync(new URL(name, folder)))]));
}

/**
 * Routes of a page: its `index.html` at `path`, its other files below. Links in it are relative to `path`
 * without a slash at its end (`docs/docs.css`), so that it works behind a proxy's prefix too.
 */
export function pageRoutes(path: `/${string}`, files: ReadonlyMap<string, LazyFile>): RestRoutes {
  const location = `..${path}`;
  const redirect = { status: 308, body: "", headers: { location, "content-type": "text/plain" } };
  const routes: Record<RouteName, RestRoute> = {
    [`GET ${path}/`]: { rule: RULES.service.pages, reads: "nothing" as const, answer: () => redirect },
  };
  for (const [name, file] of files) {
    const place: typeof path = name === "index.html" ? path : `${path}/${name}`;
    routes[`GET ${place}`] = fileRoute(file);
  }
  return routes;
}

/** A route that answers with one file. */
export function fileRoute(file: LazyFile): RestRoute {
  return {
    rule: RULES.service.pages,
    reads: "nothing",
    answer: ({ exchange }) => fileAnswer(file(), exchange.request.headers),
  };
}

/** The file, or 304 for a client that has it. Browsers ask each time: a new release is seen at once. */
export function fileAnswer(file: StaticFile, asked: IncomingHttpHeaders): RestAnswer {
  const headers = {
    ...PAGE_HEADERS,
    "content-type": file.contentType,
    "cache-control": "no-cache",
    vary: "Accept-Encoding, Origin",
  };
  const isGzip = file.gzipped !== undefined && acceptsGzip(asked["accept-encoding"]);
  const etag = isGzip ? file.etag.replace(/"$/, '-gzip"') : file.etag;
  const known = (asked["if-none-match"] ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return { status: 304, body: "", headers: { ...headers, etag } };
  if (!isGzip) return { status: 200, body: file.bytes, headers: { ...headers, etag } };
  return { status: 200, body: file.gzipped, headers: { ...headers, etag, "content-encoding": "gzip" } };
}

/** RFC 9110, 12.5.3, as far as one coding needs it: named, or meant by `*`, and not weighed with zero. */
function acceptsGzip(accepted: string | undefined): boolean {
  const codings = (accepted ?? "").split(",").map((one) =>
    one
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/),
  );
  const found = codings.find(([name]) => name === "gzip") ?? codings.find(([name]) => name === "*");
  return found !== undefined && Number(found[1] ?? 1) > 0;
}
