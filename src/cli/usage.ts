import { parseArgs } from "node:util";
import { nearest } from "../config/nearest.ts";
import type { Command, Invocation, Program, Run, ValueSpec } from "./command.ts";
import { commandHelp, programHelp } from "./help.ts";

/**
 * Parses a command line by the program's table of commands. `node:util` splits it into tokens; names, types
 * and texts of errors are checked and written here, because its messages know neither the commands nor the
 * nearest name. Options may stand before and after the command and its arguments.
 *
 * Pure: prints nothing and does not end the process. A wrong command line is a value, not an exception.
 */
export function parseCommand<const C extends Command>(
  program: Program & { readonly commands: readonly C[] },
  argv: readonly string[],
): Invocation<C> {
  const start = argv.findIndex((word) => !word.startsWith("-"));
  const before = start < 0 ? argv : argv.slice(0, start);
  const words = start < 0 ? [] : argv.slice(start);
  const command = findCommand(program.commands, words);
  const options = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  try {
    if (options.some(asksForVersion)) return { kind: "show", text: `${program.name} ${program.version}` };
    if (command === undefined) return { kind: "show", text: helpWithoutCommand(program, before, words) };
    const args = [...before, ...words.slice(command.name.split(" ").length)];
    return readArguments(program, command, args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const place = command?.name ?? groupOf(program, words);
    const tried = [program.name, ...(place === undefined ? [] : [place]), "--help"].join(" ");
    return { kind: "usage_error", text: `${program.name}: ${error.message}\nTry: ${tried}` };
  }
}

/** A wrong command line; caught by `parseCommand`, never seen outside this file. */
class UsageError extends Error {}

/** The command of two words before that of one: `keys list`, not `keys`. */
function findCommand<C extends Command>(
  commands: readonly C[],
  [first, second]: readonly string[],
): C | undefined {
  return (
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
  );
}

/** The first word when it begins commands of two words: `keys`, because there is `keys list`. */
function groupOf({ commands }: Program, [first]: readonly string[]): string | undefined {
  return commands.some(({ name }) => name.startsWith(`${first} `)) ? first : undefined;
}

/**
 * The help that a command line without a known command asks for: on everything, or on a group.
 *
 * @throws {UsageError} when it asks for no help, or for help on something that does not exist.
 */
function helpWithoutCommand(program: Program, before: readonly string[], words: readonly string[]): string {
  const [first, second] = words;
  const asksForHelp = [...before, ...words].some(isHelp);
  const group = groupOf(program, words);
  const isWhole = group !== undefined && (second === undefined || isHelp(second));
  if (asksForHelp && (first === undefined || isWhole)) return programHelp(program, group);
  throw new UsageError(missing(program, before, words));
}

/** What is wrong with a command line that names no known command, in one line. */
function missing(program: Program, before: readonly string[], [first, second]: readonly string[]): string {
  const names = program.commands.map(({ name }) => name);
  if (first === undefined) {
    const option = before.find((word) => word !== "--json");
    if (option === undefined) return "a command is missing";
    return unknown("option", option, ["--help", "--json", "--version"]);
  }
  const members = names.filter((name) => name.startsWith(`${first} `));
  if (members.length === 0) {
    const firstWords = names.map((name) => name.split(" ")[0] ?? name);
    return unknown("command", first, [...names, ...firstWords]);
  }
  if (second === undefined || second.startsWith("-")) {
    return `${first}: a command is missing; there are ${members.join(", ")}`;
  }
  return unknown("command", `${first} ${second}`, names);
}

/** Wherever it stands, as `--help` does. */
function asksForVersion(word: string): boolean {
  return word === "--version" || word === "-V";
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** `unknown option --jsn; did you mean --json?` */
function unknown(what: string, name: string, candidates: readonly string[]): string {
  const suggestion = nearest(name, candidates);
  return `unknown ${what} ${name}${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`;
}

/** The values of a command's positional arguments and options, converted and complete. */
function readArguments<C extends Command>(
  program: Program,
  command: C,
  args: readonly string[],
): Invocation<C> {
  const { given, places } = split(command, args);
  if (given.has("help")) return { kind: "show", text: commandHelp(program, command) };
  const values: Record<string, unknown> = {};
  const positionals = Object.entries(command.positionals ?? {});
  for (const [index, [name, spec]] of positionals.entries()) {
    values[name] = readValue(spec, `<${name}>`, places.slice(index, index + 1));
  }
  const extra = places[positionals.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  for (const [name, spec] of Object.entries(command.options ?? {})) {
    values[name] =
      spec.type === "flag" ? given.has(name) : readValue(spec, `--${name}`, given.get(name) ?? []);
  }
  // Built above from the same specifications that Run derives its types from; the compiler cannot follow.
  return { kind: "run", name: command.name, values, json: given.has("json") } as Run<C>;
}

/**
 * The texts of every given option by its name, and the positional arguments. With `--help` nothing else is
 * checked, so that help on a wrong command line is not refused.
 */
function split(command: Command, args: readonly string[]) {
  const specs: Readonly<Record<string, ValueSpec>> = {
    ...command.options,
    json: { type: "flag", description: "" },
    help: { type: "flag", description: "" },
  };
  const options = Object.entries(specs).map(([name, { type }]) => {
    return [name, { type: type === "flag" ? "boolean" : "string", multiple: true }] as const;
  });
  const { tokens } = parseArgs({
    args: args.map((word) => (word === "-h" ? "--help" : word)),
    options: Object.fromEntries(options),
    strict: false,
    tokens: true,
  });
  const places = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const optionTokens = tokens.filter((token) => token.kind === "option");
  if (optionTokens.some(({ name }) => name === "help")) return { given: new Map([["help", [""]]]), places };
  const given = new Map<string, string[]>();
  for (const { name, rawName, value, inlineValue } of optionTokens) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      throw new UsageError(
        unknown(
          "option",
          rawName,
          Object.keys(specs).map((known) => `--${known}`),
        ),
      );
    }
    if (spec.type === "flag" && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    // An option in the place of a value is a forgotten value: `down --to --yes` must not go to "--yes".
    if (spec.type !== "flag" && (value === undefined || (!inlineValue && value.startsWith("-")))) {
      throw new UsageError(`${rawName} needs a value`);
    }
    given.set(name, [...(given.get(name) ?? []), value ?? ""]);
  }
  return { given, places };
}

/** The value of an option or argument that was given `texts`; its default, or undefined, where it was not. */
function readValue(spec: ValueSpec, label: string, texts: readonly string[]): unknown {
  if (spec.multiple === true) return texts.map((text) => convert(spec, label, text));
  const [text, second] = texts;
  if (second !== undefined) throw new UsageError(`${label} is given twice`);
  if (text !== undefined) return convert(spec, label, text);
  if (spec.required === true) throw new UsageError(`${label} is missing`);
  return spec.default;
}

/** Units of a `duration`; a day is 24 hours. */
const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** One text as its type. `label` is how a message names it: `--to` or `<id>`. */
function convert({ type, choices = [] }: ValueSpec, label: string, text: string): string | number | null {
  if (text === "") throw new UsageError(`${label} is empty`);
  if (type === "limit" && text === "none") return null;
  if (type === "integer" || type === "limit") {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    const orNone = type === "limit" ? " or none" : "";
    throw new UsageError(`${label}: ${JSON.stringify(text)} is not a whole number${orNone}`);
  }
  if (type === "duration") {
    const [, count, unit = ""] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
    const factor = MS_PER_UNIT[unit];
    if (factor !== undefined) return Number(count) * factor;
    throw new UsageError(`${label}: ${JSON.stringify(text)} is not a duration such as 90d, 24h, 30m or 45s`);
  }
  if (type === "choice" && !choices.includes(text)) {
    throw new UsageError(`${label}: ${JSON.stringify(text)} is not one of ${choices.join(", ")}`);
  }
  return text;
}
