import { type Environment, given, rejection, type Setting } from "./setting.ts";
import { SETTINGS, type SettingValues } from "./settings.ts";

/**
 * The table of settings, each replaced by its value in `env`. An invalid text adds a line to `problems` and
 * is read as the default, so that the remaining settings can still be checked and an operator sees all
 * mistakes at once.
 */
export function readSettings(env: Environment, problems: string[]): SettingValues {
  const groups = Object.entries(SETTINGS).map(([name, group]) => {
    const values = Object.entries<Setting<unknown>>(group).map(([field, setting]) => {
      return [field, readSetting(env, setting, problems)];
    });
    return [name, Object.fromEntries(values)];
  });
  // The keys are SETTINGS' own and every value comes from the kind that declares its type; the compiler
  // cannot follow that through fromEntries.
  return Object.fromEntries(groups) as SettingValues;
}

/** The text's value, else the default's, else what the setting says of neither. */
function readSetting(env: Environment, setting: Setting<unknown>, problems: string[]): unknown {
  const { name, kind, default: byDefault, unset } = setting;
  const own = given(env, name);
  if (own !== undefined) {
    const value = kind.parse(own);
    if (value !== undefined) return value;
    problems.push(rejection(name, kind, own));
  }
  return byDefault === "" ? unset : kind.parse(byDefault);
}
