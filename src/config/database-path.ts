import { type Environment, given } from "./setting.ts";

/**
 * Where the database is: a `path`, or the `problem` why there is none, and perhaps a `warning`. The texts are
 * for people and hold no part of a URL's password.
 */
export interface DatabaseLocation {
  readonly path?: string;
  readonly problem?: string;
  readonly warning?: string;
}

/**
 * Where `env` puts the database, `path` being SQLITE_DB_PATH or its default. With SQLITE_DB_PATH given, a
 * `DATABASE_URL` is not checked: in a shared environment it may be another program's. A warning says that it
 * is ignored, unless both name the same file.
 */
export function locateDatabase(env: Environment, path: string): DatabaseLocation {
  const url = given(env, "DATABASE_URL");
  if (url === undefined) return readPath(path);
  if (given(env, "SQLITE_DB_PATH") === undefined) return readDatabaseUrl(url);
  const isSameFile = readDatabaseUrl(url).path === path;
  return {
    ...(!isSameFile && { warning: "DATABASE_URL: ignored, because SQLITE_DB_PATH is set" }),
    ...readPath(path),
  };
}

/**
 * The file that a `DATABASE_URL` names.
 *
 * SQLAlchemy reads `sqlite:///a/b` as relative; the documents of the service this one replaces write
 * `sqlite:///var/lib/sqlite/metrics.db` for the absolute path. The latter is followed: read as relative,
 * it would silently put the database beside the volume it was meant for. What cannot be meant as
 * absolute stays relative: a bare file name, and what starts with a dot.
 */
function readDatabaseUrl(url: string): DatabaseLocation {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? [];
  const [location = "", parameters] = rest.split(/[?#](.*)/s);
  const warning = parameters === undefined ? undefined : "DATABASE_URL: its parameters are ignored";
  const found = readLocation(scheme.toLowerCase(), location);
  return { ...(warning !== undefined && { warning }), ...found };
}

/** By the URL's scheme; `sqlite+aiosqlite` and the like are SQLAlchemy's names for drivers. */
function readLocation(scheme: string, location: string): DatabaseLocation {
  if (/^postgres(ql)?(\+\w+)?$/.test(scheme)) {
    return { problem: "DATABASE_URL: PostgreSQL is not supported; use sqlite:///path or SQLITE_DB_PATH" };
  }
  if (/^sqlite(\+\w+)?$/.test(scheme)) return readSqlite(location);
  if (scheme === "file") return readFile(location);
  return { problem: "DATABASE_URL: the value is not sqlite:///path or file:path" };
}

/** The path behind `sqlite:`, as the comment above says. */
function readSqlite(location: string): DatabaseLocation {
  const path = /^\/\/\/(.+)$/s.exec(location)?.[1];
  if (path === undefined && !/^\/*$/.test(location)) {
    return { problem: "DATABASE_URL: sqlite: takes three slashes and a path" };
  }
  if (path === undefined || path === ":memory:") {
    return { problem: "DATABASE_URL: a database in memory would lose what was accepted; name a file" };
  }
  if (path.startsWith("/") || path.startsWith(".") || !path.includes("/")) return { path };
  const warning =
    `DATABASE_URL: read as the absolute path /${path}; ` +
    `write sqlite:////${path} to say so, or sqlite:///./${path} for a relative one`;
  return { path: `/${path}`, warning };
}

/**
 * As SQLite reads `file:` (https://sqlite.org/uri.html), percent-encoding included; its parameters are not
 * used.
 */
function readFile(location: string): DatabaseLocation {
  const path = /^(?:\/\/(?:localhost)?(?=\/))?([^/].*|\/(?!\/).*)$/is.exec(location)?.[1];
  if (path === undefined || path === ":memory:") return { problem: "DATABASE_URL: file: takes a path" };
  try {
    return { path: decodeURIComponent(path) };
  } catch {
    return { problem: "DATABASE_URL: a percent sign in the path must be written %25" };
  }
}

/** SQLITE_DB_PATH or its default, unless libsql would take it for something else than a file. */
function readPath(path: string): DatabaseLocation {
  if (path === ":memory:") {
    return { problem: "SQLITE_DB_PATH: a database in memory would lose what was accepted; name a file" };
  }
  return /^file:|:\/\//i.test(path) ? { problem: "SQLITE_DB_PATH: a URL belongs in DATABASE_URL" } : { path };
}
