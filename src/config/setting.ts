import type { Kind } from "./kinds.ts";
import { explainServiceLink } from "./service-links.ts";

/** One variable of the environment: what it is called, what it may hold, and what holds without it. */
export interface Setting<T> {
  /** The variable, such as `METRICS_RATE_LIMIT`. Operators' files name it: renaming breaks them. */
  readonly name: string;
  /** How its text is parsed, checked and masked. */
  readonly kind: Kind<T>;
  /** As an operator would write it, and parsed like any other text. Empty: the setting has no default. */
  readonly default: string;
  /** What it decides, in a few words: for README's table and .env.example. */
  readonly description: string;
  /** The value where neither a text nor a default is given; undefined without it. */
  readonly unset?: T;
}

/** Settings that belong together, by the names of their fields in `Config`. */
export type SettingGroup = Readonly<Record<string, Setting<unknown>>>;

/** The values of a group: each setting's, under the name of its field. */
export type Values<G extends SettingGroup> = {
  readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never;
};

/** A setting as it is in force, for logs and `doctor`. `value` is masked where it is secret. */
export interface EffectiveSetting {
  readonly name: string;
  readonly value: string;
  /** Whether it equals the default, also where the environment says so itself. */
  readonly isDefault: boolean;
}

/** A setting that always has a value. */
export function setting<T>(name: string, kind: Kind<T>, byDefault: string, description: string): Setting<T> {
  return { name, kind, default: byDefault, description };
}

/** A setting that is undefined unless given. */
export function optional<T>(name: string, kind: Kind<T>, description: string): Setting<T | undefined> {
  return { name, kind, default: "", description };
}

/** A list or record that is `empty`, rather than undefined, unless given. */
export function collection<T>(name: string, kind: Kind<T>, empty: T, description: string): Setting<T> {
  return { name, kind, default: "", description, unset: empty };
}

/** Names and texts as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of `name` without the space around it; an empty one counts as unset. */
export function given(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** The problem with a text that `kind` rejects, as one line. Quotes the text unless it may be secret. */
export function rejection(name: string, kind: Kind<unknown>, value: string): string {
  const subject = kind.mask === undefined ? JSON.stringify(value) : "the value";
  return `${name}: ${subject} is not ${kind.expects}${explainServiceLink(name, value)}`;
}
