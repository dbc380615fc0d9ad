import type { Command, Program, ValueSpec } from "./command.ts";

/** Options of every command, which no command's table repeats. */
export const GLOBAL_OPTIONS: readonly (readonly [string, string])[] = [
  ["--json", "Answer in JSON, for scripts"],
  ["--help", "Show this text"],
];

/** Help on the program: its commands, one line each; only those of `group` (`keys`) when one is given. */
export function programHelp(program: Program, group?: string): string {
  const commands = program.commands.filter(({ name }) => group === undefined || name.startsWith(`${group} `));
  return [
    `${program.name}: ${program.summary}`,
    "",
    `Usage: ${program.name} ${group === undefined ? "" : `${group} `}<command> [options]`,
    "",
    "Commands:",
    ...columns(commands.map((command) => [signature(command), command.summary])),
    "",
    "Options:",
    ...columns([...GLOBAL_OPTIONS, ["--version", "Show the version"]]),
    "",
    `More on a command: ${program.name} <command> --help`,
  ].join("\n");
}

/** Help on one command: its arguments and options, with what they take and their defaults. */
export function commandHelp(program: Program, command: Command): string {
  const positionals = Object.entries(command.positionals ?? {});
  const options = Object.entries(command.options ?? {});
  return [
    command.summary,
    "",
    `Usage: ${program.name} ${signature(command)} [options]`,
    ...section(
      "Arguments",
      positionals.map(([name, spec]) => [name, explain(spec)]),
    ),
    ...section("Options", [
      ...options.map(([name, spec]) => [optionForm(name, spec), explain(spec)] as const),
      ...GLOBAL_OPTIONS,
    ]),
  ].join("\n");
}

/** A heading with its rows; nothing at all without rows. */
function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  return rows.length === 0 ? [] : ["", `${title}:`, ...columns(rows)];
}

/** `keys revoke <id>`: required arguments in angle brackets, optional ones in square brackets. */
function signature({ name, positionals = {} }: Command): string {
  const places = Object.entries(positionals).map(([place, { required }]) =>
    required === true ? `<${place}>` : `[${place}]`,
  );
  return [name, ...places].join(" ");
}

/** `--role <writer|reader|admin>`: how the option is typed. */
function optionForm(name: string, spec: ValueSpec): string {
  if (spec.type === "flag") return `--${name}`;
  const type = spec.type === "limit" ? "integer|none" : spec.type;
  return `--${name} <${spec.valueName ?? spec.choices?.join("|") ?? type}>`;
}

/** The description with what else holds, in parentheses. */
function explain({ description, required, multiple, default: byDefault }: ValueSpec): string {
  const notes = [
    ...(required === true ? ["required"] : []),
    ...(multiple === true ? ["may be repeated"] : []),
    ...(byDefault === undefined ? [] : [`default: ${byDefault}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
}

/** Two columns, the left one as wide as it needs. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
