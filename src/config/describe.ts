import { isKeyVariable, KEY_VARIABLE, KEY_VARIABLE_DESCRIPTION } from "./key-variables.ts";
import { apiKey } from "./kinds.ts";
import { type EffectiveSetting, type Environment, given, type Setting } from "./setting.ts";
import { allSettings } from "./settings.ts";

/**
 * What `env` puts in force, under the names of the environment and with secrets masked. Unset settings
 * without a default are left out. `databasePath` is the path in force, wherever it comes from.
 */
export function effectiveSettings(env: Environment, databasePath: string): readonly EffectiveSetting[] {
  const rows = allSettings().map(({ name, kind, default: byDefault }) => {
    const inForce = name === "SQLITE_DB_PATH" ? databasePath : (given(env, name) ?? byDefault);
    return { name, value: mask(kind, inForce), isDefault: inForce === byDefault };
  });
  // Keys have no default and no length that may be known: they are either set or not there.
  const keys = Object.keys(env).filter((name) => isKeyVariable(name) && given(env, name) !== undefined);
  const keyRows = keys.sort().map((name) => ({ name, value: mask(apiKey, "set"), isDefault: false }));
  return [...rows, ...keyRows].filter(({ value }) => value !== "");
}

/** As people may see it. */
function mask({ mask: masked }: Setting<unknown>["kind"], value: string): string {
  return value === "" || masked === undefined ? value : masked(value);
}

/** The effective settings as lines for people, aligned, defaults marked. */
export function describeSettings(settings: readonly EffectiveSetting[]): string[] {
  const width = Math.max(...settings.map(({ name }) => name.length));
  return settings.map(
    ({ name, value, isDefault }) => `${name.padEnd(width)}  ${value}${isDefault ? "  (default)" : ""}`,
  );
}

/**
 * The table of README's configuration chapter, in Markdown, without a line feed at its end. README holds a
 * copy that a test compares.
 */
export function configurationTable(): string {
  const rows = allSettings().map(({ name, kind, default: byDefault, description }) =>
    row(`\`${name}\``, byDefault === "" ? "–" : `\`${byDefault}\``, kind.expects, description),
  );
  const keyRow = row(`\`${KEY_VARIABLE}\``, "–", apiKey.expects, KEY_VARIABLE_DESCRIPTION);
  return [row("Name", "Default", "Value", "Meaning"), row("---", "---", "---", "---"), ...rows, keyRow].join(
    "\n",
  );
}

/** One row of a Markdown table; a `|` in a cell would end it. */
function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
