import type { Command, Program, ValueSpec } from "./command.ts";

const GLOBAL_OPTIONS: readonly (readonly [string, string])[] = [
  ["--json", "Answer in JSON, for scripts"],
  ["--help", "Show this text"],
];

/** The program with its commands; only those of `group` (`keys`) when one is given. */
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

/** One command with its arguments and options. */
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

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  return rows.length === 0 ? [] : ["", `${title}:`, ...columns(rows)];
}

function signature({ name, positionals = {} }: Command): string {
  const places = Object.entries(positionals).map(([place, { required }]) =>
    required === true ? `<${place}>` : `[${place}]`,
  );
  return [name, ...places].join(" ");
}

function optionForm(name: string, spec: ValueSpec): string {
  return spec.type === "flag"
    ? `--${name}`
    : `--${name} <${spec.valueName ?? spec.choices?.join("|") ?? spec.type}>`;
}

function explain({ description, required, multiple, default: byDefault }: ValueSpec): string {
  const notes = [
    ...(required === true ? ["required"] : []),
    ...(multiple === true ? ["may be repeated"] : []),
    ...(byDefault === undefined ? [] : [`default: ${byDefault}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
