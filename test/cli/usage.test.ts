import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Command } from "../../src/cli/command.ts";
import { parseCommand } from "../../src/cli/usage.ts";

const PROGRAM = {
  name: "mcp-metrics",
  version: "1.2.3",
  summary: "metrics for MCP gateways",
  commands: [
    { name: "serve", summary: "Run the service" },
    {
      name: "keys create",
      summary: "Create an API key",
      positionals: { service: { type: "text", description: "Who will write", required: true } },
      options: {
        role: {
          type: "choice",
          choices: ["writer", "reader", "admin"],
          description: "What it may do",
          default: "writer",
        },
        "rate-limit": { type: "integer", valueName: "N", description: "Requests a minute" },
        allow: { type: "text", valueName: "GLOB", description: "Further services", multiple: true },
        expires: { type: "duration", description: "Lifetime" },
      },
    },
    { name: "keys list", summary: "List API keys" },
    {
      name: "migrate down",
      summary: "Go back",
      positionals: { version: { type: "integer", description: "Last version to keep", required: true } },
      options: {
        yes: { type: "flag", description: "Do not ask" },
        reason: { type: "text", description: "For the log", required: true },
      },
    },
    {
      name: "backup",
      summary: "Copy the database",
      positionals: { path: { type: "text", description: "Where to" } },
    },
  ],
} as const satisfies { commands: readonly Command[]; [field: string]: unknown };

function parse(line: string) {
  return parseCommand(PROGRAM, line === "" ? [] : line.split(" "));
}

function shown(line: string): string {
  const invocation = parse(line);
  return invocation.kind === "show" ? invocation.text : (assert.unreachable(`${line} shows nothing`) ?? "");
}

test("the values of a command have its names and types", () => {
  const invocation = parse("keys create auth --rate-limit 5 --allow a* --allow=b --expires 90d --json");
  if (invocation.kind !== "run" || invocation.name !== "keys create") return assert.unreachable();
  const { service, role, allow, expires, "rate-limit": rateLimit } = invocation.values;
  const typed: [
    string,
    "writer" | "reader" | "admin",
    readonly string[],
    number | undefined,
    number | undefined,
  ] = [service, role, allow, expires, rateLimit];
  assert.equal(typed, ["auth", "writer", ["a*", "b"], 90 * 86_400_000, 5]);
  assert.is(invocation.json, true);
});

const RUN: readonly { line: string; name: string; values: Record<string, unknown>; json?: boolean }[] = [
  { line: "serve", name: "serve", values: {} },
  { line: "--json serve", name: "serve", values: {}, json: true },
  { line: "keys list --json", name: "keys list", values: {}, json: true },
  { line: "backup", name: "backup", values: { path: undefined } },
  { line: "backup -- --odd-name", name: "backup", values: { path: "--odd-name" } },
  {
    line: "migrate down --yes 3 --reason=-because",
    name: "migrate down",
    values: { version: 3, yes: true, reason: "-because" },
  },
  {
    line: "migrate down 0 --reason x",
    name: "migrate down",
    values: { version: 0, yes: false, reason: "x" },
  },
];

for (const { line, name, values, json = false } of RUN) {
  test(`"${line}" runs ${name}`, () => {
    assert.equal(parse(line), { kind: "run", name, values, json });
  });
}

const USAGE_ERRORS: readonly (readonly [line: string, message: string, help: string])[] = [
  ["", "a command is missing", "--help"],
  ["--json", "a command is missing", "--help"],
  ["--jsn", "unknown option --jsn; did you mean --json?", "--help"],
  ["srve", "unknown command srve; did you mean serve?", "--help"],
  ["key", "unknown command key; did you mean keys?", "--help"],
  ["frobnicate --help", "unknown command frobnicate", "--help"],
  ["keys", "keys: a command is missing; there are keys create, keys list", "keys --help"],
  ["keys crate", "unknown command keys crate; did you mean keys create?", "keys --help"],
  ["keys crate --help", "unknown command keys crate; did you mean keys create?", "keys --help"],
  ["keys create", "<service> is missing", "keys create --help"],
  ["keys create a b", 'unexpected argument "b"', "keys create --help"],
  ["keys create a --rol x", "unknown option --rol; did you mean --role?", "keys create --help"],
  ["keys create a --constructor", "unknown option --constructor", "keys create --help"],
  ["keys create a -x", "unknown option -x", "keys create --help"],
  ["keys create a --role boss", '--role: "boss" is not one of writer, reader, admin', "keys create --help"],
  ["keys create a --rate-limit", "--rate-limit needs a value", "keys create --help"],
  ["keys create a --rate-limit --json", "--rate-limit needs a value", "keys create --help"],
  ["keys create a --rate-limit 1e3", '--rate-limit: "1e3" is not a whole number', "keys create --help"],
  ["keys create a --rate-limit 1 --rate-limit 2", "--rate-limit is given twice", "keys create --help"],
  ["keys create a --role=", "--role is empty", "keys create --help"],
  [
    "keys create a --expires 90",
    '--expires: "90" is not a duration such as 90d, 24h, 30m or 45s',
    "keys create --help",
  ],
  ["migrate down one --reason x", '<version>: "one" is not a whole number', "migrate down --help"],
  ["migrate down 1", "--reason is missing", "migrate down --help"],
  ["migrate down 1 --yes=no --reason x", "--yes takes no value", "migrate down --help"],
];

for (const [line, message, help] of USAGE_ERRORS) {
  test(`"${line}" is a usage error: ${message}`, () => {
    assert.equal(parse(line), {
      kind: "usage_error",
      text: `mcp-metrics: ${message}\nTry: mcp-metrics ${help}`,
    });
  });
}

test("--version shows the version", () => {
  assert.is(shown("--version"), "mcp-metrics 1.2.3");
});

test("--help lists every command with its arguments and summary", () => {
  const text = shown("--help");
  assert.is(shown("-h"), text);
  assert.match(text, /^mcp-metrics: metrics for MCP gateways\n/);
  assert.match(text, / {2}keys create <service> +Create an API key\n/);
  assert.match(text, / {2}backup \[path\] +Copy the database\n/);
  assert.match(text, /--version/);
});

test("--help after a group lists the commands of the group", () => {
  const text = shown("keys --help");
  assert.match(text, /keys list/);
  assert.not.match(text, /serve/);
});

test("--help after a command lists its arguments and options, whatever else is wrong with the line", () => {
  const text = shown("keys create --help");
  for (const line of ["keys create a b c --help", "--help keys create", "keys create --nonsense -h"]) {
    assert.is(shown(line), text);
  }
  for (const part of [
    /^Create an API key\n\nUsage: mcp-metrics keys create <service> \[options\]\n/,
    / {2}service {2}Who will write \(required\)\n/,
    / {2}--role <writer\|reader\|admin> {2}What it may do \(default: writer\)\n/,
    / {2}--rate-limit <N> +Requests a minute\n/,
    / {2}--allow <GLOB> +Further services \(may be repeated\)\n/,
    / {2}--json +/,
  ]) {
    assert.match(text, part);
  }
});

test.run();
