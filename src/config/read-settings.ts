import { type Environment, given, refusal, type Setting } from "./setting.ts";
import { SETTINGS, type SettingValues } from "./settings.ts";

/**
 * The table of settings, each replaced by its value in `env`. A text that has no meaning is reported in
 * `problems` and read as the default, so that everything else can still be judged.
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

function readSetting(env: Environment, setting: Setting<unknown>, problems: string[]): unknown {
  const { name, kind, default: byDefault, unset } = setting;
  const own = given(env, name);
  if (own !== undefined) {
    const value = kind.parse(own);
    if (value !== undefined) return value;
    problems.push(refusal(name, kind, own));
  }
  return byDefault === "" ? unset : kind.parse(byDefault);
}
