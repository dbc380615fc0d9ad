import type { Command, Program, ValueSpec } from "./command.ts";
import { GLOBAL_OPTIONS } from "./help.ts";

/**
 * A script that completes command lines of the program: commands, options, the words of a choice, and files for
 * arguments. All of it is in the script, since a shell that started the program at every press of the key would be
 * slow to follow.
 */
export function completionScript(program: Program, shell: "bash" | "zsh"): string {
  const { name, commands } = program;
  const lines = [
    `# Completion of ${name} for ${shell}: eval "$(${name} completion ${shell})"`,
    ...(shell === "zsh" ? ["autoload -Uz compinit bashcompinit", "compinit -u", "bashcompinit"] : []),
    ...completer(commands),
    `complete -o default -F _mcp_metrics ${name}`,
  ];
  return lines.join("\n");
}

/** The words before the cursor that are no options: at most two of them name the command. */
const FIND_COMMAND = String.raw`
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local first="" second="" candidates="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
      -*) ;;
      *)
        if [[ -z $first ]]; then first="\${COMP_WORDS[index]}"
        elif [[ -z $second ]]; then second="\${COMP_WORDS[index]}"
        fi ;;
    esac
  done
  COMPREPLY=()`.replaceAll("\\$", "$");

/** One function, which finds the command among the words before the cursor and looks up what may follow. */
function completer(commands: readonly Command[]): readonly string[] {
  const firstWords = unique(commands.map(({ name }) => name.split(" ")[0] ?? name));
  return [
    `_mcp_metrics() {${FIND_COMMAND}`,
    '  case "$first $second $previous" in',
    ...commands.flatMap(valueCases),
    "  esac",
    '  if [[ -z $candidates ]]; then case "$first $second" in',
    `    " ") candidates="${firstWords} --help --version" ;;`,
    ...groups(commands),
    ...commands.map(optionCase),
    "  esac; fi",
    '  COMPREPLY=($(compgen -W "$candidates" -- "$current"))',
    "}",
  ];
}

/** What stands after an option that takes a value: the words of a choice, or nothing that can be known. */
function valueCases({ name, options = {}, positionals = {} }: Command): readonly string[] {
  const taking = Object.entries(options).filter(([, { type }]) => type !== "flag");
  const chosen = Object.values(positionals).filter(({ choices }) => choices !== undefined);
  return [
    ...taking.map(([option, spec]) => {
      const then = spec.choices === undefined ? "return" : `candidates="${spec.choices.join(" ")}"`;
      return `    ${pattern(name)}" --${option}") ${then} ;;`;
    }),
    ...chosen.map((spec) => `    "${name}  ${name}") candidates="${words(spec)}" ;;`),
  ];
}

const words = ({ choices = [] }: ValueSpec) => choices.join(" ");

/** `"keys create"`, or of one word `"serve "` and whatever argument follows it. */
function pattern(name: string): string {
  return name.includes(" ") ? `"${name}"` : `"${name} "*`;
}

/** The second words of the commands that have two. */
function groups(commands: readonly Command[]): readonly string[] {
  const members = Map.groupBy(
    commands.filter(({ name }) => name.includes(" ")),
    ({ name }) => name.split(" ")[0] ?? "",
  );
  return [...members].map(([group, named]) => {
    const seconds = named.map(({ name }) => name.split(" ")[1] ?? "");
    return `    "${group} ") candidates="${seconds.join(" ")} --help" ;;`;
  });
}

function optionCase({ name, options = {} }: Command): string {
  const names = [
    ...Object.keys(options).map((option) => `--${option}`),
    ...GLOBAL_OPTIONS.map(([option]) => option),
  ];
  // A word that begins otherwise is an argument, which the shell completes as a file.
  return `    ${pattern(name)}) [[ $current == -* ]] && candidates="${names.join(" ")}" ;;`;
}

const unique = (names: readonly string[]) => [...new Set(names)].join(" ");
