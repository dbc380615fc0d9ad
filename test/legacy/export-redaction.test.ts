/** What an export says of people is stored as what is submitted: nobody can be found by it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createPseudonymise } from "../../src/lib/pseudonym.ts";
import { readInstallationSecret } from "../../src/sqlite/file/installation-secret.ts";
import { readDatabase } from "../../src/sqlite/offline.ts";
import { runCli } from "../cli/run-cli.ts";
import {
  directoryTables,
  EXPORTS,
  SERVER_KEY,
  SIGNED,
  type Tables,
  timeAgo,
  WEBHOOK_SECRET,
} from "./directory-export.ts";
import { freshTarget } from "./imports.ts";

const ALICE = "alice@example.com";
const BOB = "bob-the-4711th";
const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/** The cells of a row, and what is stored of it; `<id>` stands for the pseudonym of the id. */
interface Case {
  readonly row: Readonly<Record<string, unknown>>;
  readonly stored: Readonly<Record<string, unknown>>;
}

const USES: readonly Case[] = [
  {
    row: {
      user_id: ALICE,
      details: { who: ALICE, path: "/u/ALICE%40example.com" },
      client_info: { user: ALICE },
    },
    stored: {
      user_id: `<${ALICE}>`,
      details: { who: `<${ALICE}>`, path: `/u/<${ALICE}>` },
      client_info: { user: `<${ALICE}>` },
    },
  },
  {
    // Nobody in the row's own column: the details name who it was.
    row: {
      details: { user_id: BOB },
      tool_id: `of-${BOB}`,
      client_info: { agent: `x ${BOB.toUpperCase()}` },
    },
    stored: {
      user_id: null,
      details: { user_id: `<${BOB}>` },
      tool_id: `of-<${BOB}>`,
      client_info: { agent: `x <${BOB}>` },
    },
  },
  {
    row: {
      user_id: "",
      client_info: { ip: "192.168.7.9", ip_address: "2001:db8:1:2::3", "user-agent": CHROME },
    },
    stored: {
      user_id: null,
      client_info: { ip: "192.168.0.0/16", ip_address: "2001:db8::/32", "user-agent": CHROME },
    },
  },
  {
    row: {
      client_info: { userAgent: `${CHROME} from 10.1.2.3`, version: "1.2.3.4" },
      tool_id: "on 10.1.2.3",
    },
    stored: {
      client_info: { userAgent: `${CHROME} from 10.1.0.0/16`, version: "1.2.3.4" },
      tool_id: "on 10.1.0.0/16",
    },
  },
  { row: { user_id: ALICE, tool_id: "x".repeat(195) + ALICE }, stored: { tool_id: /^x{195}[0-9a-f]{5}$/ } },
  { row: { user_id: ALICE, details: { note: `${ALICE} ${"x".repeat(5000)}` } }, stored: { details: {} } },
  {
    row: { user_id: ALICE, details: { who: ALICE, mail: 7 } },
    stored: { details: { who: `<${ALICE}>`, mail: "<7>" } },
  },
];
const EVENTS: readonly Case[] = [
  {
    row: { details: { userId: ALICE, from: "10.1.2.3" } },
    stored: { details: { userId: `<${ALICE}>`, from: "10.1.0.0/16" } },
  },
  { row: { details: { actor: { name: BOB } } }, stored: { details: { actor: { name: `<${BOB}>` } } } },
  { row: { details: null, previous_value: "1.2.3.4" }, stored: { details: {}, previous_value: "1.2.3.4" } },
];

const cell = (value: unknown) =>
  value === null || typeof value === "string" ? (value as string | null) : JSON.stringify(value);
const cells = (row: object) =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [column, cell(value)]));

/** Every case as a row of an export. */
function tables(): Tables {
  const base = { server_id: SIGNED, created_at: timeAgo(1, 3) };
  const use = { ...base, user_id: null, action: "view", tool_id: null, details: null, client_info: null };
  const event = { ...base, event_type: "restart", previous_value: null, new_value: null };
  return {
    servers: directoryTables().servers ?? [],
    server_usage: USES.map(({ row }, index) => ({ id: `u${index}`, ...use, ...cells(row) })),
    server_events: EVENTS.map(({ row }, index) => ({ id: `e${index}`, ...event, ...cells(row) })),
  };
}

for (const [form, write] of Object.entries(EXPORTS)) {
  test(`${form}: users are pseudonyms, addresses networks, and what is none stays`, async () => {
    const { env, target } = freshTarget();
    const { code, stderr } = await runCli(["import-legacy", write(tables())], env);
    assert.is(code, 0, stderr);
    const pseudonymise = createPseudonymise(readInstallationSecret(target));
    const named = (text: string) => text.replaceAll(/<([^>]+)>/g, (_, id) => pseudonymise(id));
    for (const [table, cases] of [
      ["server_usage", USES],
      ["server_events", EVENTS],
    ] as const) {
      const rows = readDatabase(target, (database) => database.all(`SELECT * FROM ${table} ORDER BY id`));
      assert.is(rows.length, cases.length);
      for (const [index, { stored }] of cases.entries()) {
        for (const [column, value] of Object.entries(stored)) {
          const found = rows[index]?.[column];
          if (value instanceof RegExp) assert.match(String(found), value);
          else
            assert.is(
              found,
              value === null ? null : named(String(cell(value))),
              `${table} ${index} ${column}`,
            );
        }
      }
    }
    const people = [ALICE, BOB, "192.168.7.9", "10.1.2.3"];
    assert.equal(filesWith(target, [...people, SERVER_KEY, WEBHOOK_SECRET]), []);
  });
}

/** Which texts stand in a file beside the database or in it. */
function filesWith(target: string, texts: readonly string[]): readonly string[] {
  const folder = dirname(target);
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return texts.filter((text) => bytes.includes(text)).map((text) => `${name} has ${text}`);
  });
}

test.run();
