import { test } from "uvu";
import * as assert from "uvu/assert";
import { hashKey } from "../../src/access/api-key.ts";
import { KeyRegistry } from "../../src/access/key-registry.ts";
import { createSessions } from "../../src/access/sessions.ts";
import { DAY_MS } from "../../src/lib/time.ts";
import { TestClock } from "../support/time.ts";
import { createRecord } from "./admission-setup.ts";

const SECRET = Buffer.alloc(32, 7);

function setup(changes: Parameters<typeof createRecord>[0] = {}) {
  const clock = new TestClock();
  const keys = new KeyRegistry(clock, [createRecord({ ...changes }), createRecord({ id: 2, key: "other" })]);
  return { clock, keys, sessions: createSessions(SECRET, keys, clock) };
}

function begin({ sessions }: Pick<ReturnType<typeof setup>, "sessions">) {
  const session = sessions.issue(1);
  if (session === undefined) throw new Error("no session");
  return session;
}

test("a session is its key's, for thirty days", () => {
  const { clock, sessions } = setup();
  const { value, maxAgeSeconds } = begin({ sessions });
  assert.is(maxAgeSeconds, 30 * 86_400);
  assert.is(sessions.find(value)?.record.id, 1);
  clock.advance(30 * DAY_MS - 1000);
  assert.is(sessions.find(value)?.record.id, 1);
  clock.advance(1000);
  assert.is(sessions.find(value), undefined);
});

test("it does not outlive its key, nor is there one for a key that has ended or never was", () => {
  const context = setup({ expiresMs: new TestClock().wallMs() + 90_000 });
  const { maxAgeSeconds } = begin(context);
  assert.is(maxAgeSeconds, 90);
  context.clock.advance(90_000);
  assert.is(context.sessions.issue(1), undefined);
  assert.is(context.sessions.issue(3), undefined);
});

test("a revoked key is found as such: whoever admits it says why", () => {
  const context = setup();
  const { value } = begin(context);
  context.keys.put(createRecord({ isActive: false }));
  assert.is(context.sessions.find(value)?.record.isActive, false);
});

test("nothing but what this installation has signed for this very key is a session", () => {
  const context = setup();
  const { sessions, clock } = context;
  const { value } = begin(context);
  const [id = "", end = "", signature = ""] = value.split(".");
  const changed = signature[0] === "A" ? "B" : "A";
  const forged = {
    "another key's number": `2.${end}.${signature}`,
    "a later end": `${id}.${Number(end) + 1}.${signature}`,
    "another signature": `${id}.${end}.${changed}${signature.slice(1)}`,
    "no signature": `${id}.${end}.`,
    "a short signature": `${id}.${end}.${signature.slice(0, 42)}`,
    "a long one": `${value}A`,
    padding: `${value}=`,
    "one more part": `${value}.1`,
    "a negative number": `-${value}`,
    "leading zeros": `0${value}`,
    spaces: ` ${value} `,
    nothing: "",
    much: "1".repeat(100_000),
    "of the wrong characters": value.replace(/.$/, "ä"),
  };
  for (const [name, tried] of Object.entries(forged)) assert.is(sessions.find(tried), undefined, name);
  assert.is(sessions.find(value)?.record.id, 1, "the right one");

  const elsewhere = createSessions(Buffer.alloc(32, 8), context.keys, clock);
  assert.is(elsewhere.find(value), undefined, "another installation's");
  assert.is.not(elsewhere.cookieName, sessions.cookieName);
  // A restored database may give the number to another key.
  const restored = new KeyRegistry(clock, [createRecord({ key: "quite-another-key" })]);
  assert.is(createSessions(SECRET, restored, clock).find(value), undefined, "another key of that number");
  assert.is.not(hashKey("quite-another-key"), createRecord().keyHash);
});

test.run();
