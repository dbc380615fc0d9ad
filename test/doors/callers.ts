/** Everybody who may call, and everybody who may not: the keys of the authentication tests. */

import type { RequestHeaders } from "../support/http.ts";
import { ADMIN_KEY, type TestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";

export type Role = "writer" | "reader" | "admin" | "server";

/**
 * Who may call a method or route: `open` means anybody, `key` any valid key but a server's, `any key` that too,
 * `anonymous` anybody who has no key or a valid one, `key or none` the same without a server's.
 */
export type Rule = "open" | "key" | "any key" | "anonymous" | "key or none" | "server or reader" | Role;

export interface Caller {
  readonly name: string;
  readonly headers: RequestHeaders;
  /** Whose key it is, or the reason why it is nobody's. */
  /** Nothing that a key could be read from. */
  readonly sendsNone?: true;
  /** It comes with no key, but with what a browser that stays signed in sends. */
  readonly isSession?: true;
  readonly is: Role | "api_key_missing" | "api_key_invalid" | "api_key_inactive" | "api_key_expired";
}

const LONG_KEY = "long-key-".padEnd(10_240, "x");

/** What a call of `caller` must fail with, or undefined when it may go through. */
export function rejectionOf(caller: Caller, rule: Rule, takesSession: boolean): string | undefined {
  if (rule === "open") return undefined;
  const isForAll = rule === "anonymous" || rule === "key or none";
  if (caller.isSession && !takesSession) return isForAll ? undefined : "api_key_missing";
  if (caller.is.startsWith("api_key_")) return isForAll && caller.sendsNone ? undefined : caller.is;
  if (rule === "any key") return undefined;
  const isAllowed = caller.is === "admin" || rule === "anonymous" || rule.split(" or ").includes(caller.is);
  if (["key", "key or none"].includes(rule) && caller.is !== "server") return undefined;
  return isAllowed ? undefined : "permission_denied";
}

/** Makes the keys. `clock.shiftMs` is moved by an hour, so that one of them has expired. */
export async function makeCallers(service: TestService, clock: { shiftMs: number; wallMs: () => number }) {
  const create = (role: Exclude<Role, "server">, expiresMs?: number) =>
    service.service.keys.create({
      service: "test",
      role,
      rateLimit: 1_000_000,
      allowedServices: [],
      expiresMs,
      description: "",
    });
  const reader = await create("reader");
  const expired = await create("admin", clock.wallMs() + 3_600_000);
  clock.shiftMs += 3_600_000;
  const revoked = await create("admin");
  await service.service.keys.revoke(revoked.record.id);
  const rotated = await create("admin");
  const successor = await service.service.keys.rotate(rotated.record.id, 0);

  const serverKey = await registerServer(service.url);
  const ended = await create("admin");
  const sessions = {
    admin: await beginSession(service.url, ADMIN_KEY),
    reader: await beginSession(service.url, reader.secret),
    writer: await beginSession(service.url, WRITER_KEY),
    server: await beginSession(service.url, serverKey),
    revoked: await beginSession(service.url, ended.secret),
  };
  await service.service.keys.revoke(ended.record.id);
  const own = { "sec-fetch-site": "same-origin" };
  const fromElsewhere: Readonly<Record<string, RequestHeaders>> = {
    "a site of others": { "sec-fetch-site": "cross-site", origin: service.url },
    "another port of this host": { "sec-fetch-site": "same-site" },
    "an address that was typed": { "sec-fetch-site": "none" },
    "nobody knows where": {},
    "another host": { origin: "http://metrics.example" },
    "a host that begins alike": { origin: `${service.url}.example` },
    "a host behind a name": { origin: `http://name@${new URL(service.url).host}` },
    "an opaque origin": { origin: "null" },
  };
  const callers: readonly Caller[] = [
    { name: "no key", headers: {}, is: "api_key_missing", sendsNone: true },
    { name: "an empty key", headers: { "x-api-key": "" }, is: "api_key_missing", sendsNone: true },
    { name: "a key of spaces", headers: { "x-api-key": "   " }, is: "api_key_missing", sendsNone: true },
    { name: "a wrong key", headers: { "x-api-key": WRONG_KEY }, is: "api_key_invalid" },
    { name: "a key of 10 kB", headers: { "x-api-key": LONG_KEY }, is: "api_key_invalid" },
    { name: "a key with one letter more", headers: { "x-api-key": `${ADMIN_KEY}x` }, is: "api_key_invalid" },
    { name: "a key in capitals", headers: { "x-api-key": ADMIN_KEY.toUpperCase() }, is: "api_key_invalid" },
    {
      name: "a key of Latin-1",
      headers: { "x-api-key": "k\u00e9y-for-tests-000000" },
      is: "api_key_invalid",
    },
    {
      name: "two keys in one header",
      headers: { "x-api-key": `${ADMIN_KEY}, ${WRONG_KEY}` },
      is: "api_key_invalid",
    },
    { name: "a revoked key", headers: { "x-api-key": revoked.secret }, is: "api_key_inactive" },
    { name: "an expired key", headers: { "x-api-key": expired.secret }, is: "api_key_expired" },
    { name: "a rotated key", headers: { "x-api-key": rotated.secret }, is: "api_key_expired" },
    { name: "a writer", headers: { "x-api-key": WRITER_KEY }, is: "writer" },
    { name: "a reader", headers: { "x-api-key": reader.secret }, is: "reader" },
    { name: "a server", headers: { "x-api-key": serverKey }, is: "server" },
    { name: "an admin", headers: { "x-api-key": ADMIN_KEY }, is: "admin" },
    { name: "the successor of a rotated key", headers: { "x-api-key": successor.secret }, is: "admin" },
    { name: "a bearer", headers: { authorization: `Bearer ${ADMIN_KEY}` }, is: "admin" },
    { name: "a bearer in small letters", headers: { authorization: `bearer ${WRITER_KEY}` }, is: "writer" },
    { name: "a wrong bearer", headers: { authorization: `Bearer ${WRONG_KEY}` }, is: "api_key_invalid" },
    {
      name: "a bearer of nothing",
      headers: { authorization: "Bearer " },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "basic authentication",
      headers: { authorization: `Basic ${btoa(ADMIN_KEY)}` },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "a key without a scheme",
      headers: { authorization: ADMIN_KEY },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "a key as its session",
      headers: { ...own, cookie: sessions.admin.replace(/=.*/, `=${ADMIN_KEY}`) },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "a session that was changed",
      headers: { ...own, cookie: sessions.admin.replace(/.$/, (last) => (last === "A" ? "E" : "A")) },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "a session under another name",
      headers: { ...own, cookie: `x${sessions.admin}; ${sessions.admin.replace("=", "x=")}` },
      is: "api_key_missing",
      sendsNone: true,
    },
    ...Object.entries(fromElsewhere).map(
      ([name, headers]): Caller => ({
        name: `a session from ${name}`,
        headers: { ...headers, cookie: sessions.admin },
        is: "api_key_missing",
        sendsNone: true,
      }),
    ),
    ...(["admin", "reader", "writer", "server"] as const).map(
      (role): Caller => ({
        name: `the session of a ${role}`,
        headers: { ...own, cookie: `theme=dark; ${sessions[role]}; other=1` },
        is: role,
        isSession: true,
      }),
    ),
    {
      name: "a session where the browser says its origin alone",
      headers: { origin: service.url, cookie: sessions.reader },
      is: "reader",
      isSession: true,
    },
    {
      name: "the session of a revoked key",
      headers: { ...own, cookie: sessions.revoked },
      is: "api_key_inactive",
      isSession: true,
    },
    {
      name: "a wrong key next to a good session",
      headers: { ...own, cookie: sessions.admin, "x-api-key": WRONG_KEY },
      is: "api_key_invalid",
    },
    {
      name: "a good key next to the session of another",
      headers: { ...own, cookie: sessions.admin, "x-api-key": WRITER_KEY },
      is: "writer",
    },
    {
      name: "a key in a cookie",
      headers: { cookie: `x-api-key=${ADMIN_KEY}` },
      is: "api_key_missing",
      sendsNone: true,
    },
    {
      name: "a wrong key next to a good bearer",
      headers: { "x-api-key": WRONG_KEY, authorization: `Bearer ${ADMIN_KEY}` },
      is: "api_key_invalid",
    },
    {
      name: "a good key next to a wrong bearer",
      headers: { "x-api-key": WRITER_KEY, authorization: `Bearer ${WRONG_KEY}` },
      is: "writer",
    },
  ];
  const secrets = [
    WRITER_KEY,
    ADMIN_KEY,
    WRONG_KEY,
    LONG_KEY.slice(0, 100),
    serverKey,
    ...Object.values(sessions).map((cookie) => cookie.replace(/.*=/, "")),
    ...[reader, expired, revoked, rotated, successor].map(({ secret }) => secret),
  ];
  return { callers, secrets };
}

/** Stay signed in with a key, as the dashboard does it; resolves to the cookie as it is sent back. */
export async function beginSession(url: string, key: string): Promise<string> {
  const headers = { "x-api-key": key, "sec-fetch-site": "same-origin" };
  const answer = await fetch(`${url}/session`, { method: "POST", headers });
  return (answer.headers.get("set-cookie") ?? "").replace(/;.*/, "");
}

/** Register the server of the examples; returns its key. */
export async function registerServer(url: string): Promise<string> {
  const answer = await fetch(`${url}/mcp.directory.v1.DirectoryService/RegisterServer`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": ADMIN_KEY },
    body: JSON.stringify({ serverId: "server-123", rateLimit: 1_000_000 }),
  });
  return ((await answer.json()) as { apiKey: string }).apiKey;
}
