import type { Kind } from "./kinds.ts";

/** One name of the environment. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  /** As it would be written; parsed like any other value. Empty: unset unless given. */
  readonly default: string;
  /** For README, .env.example and `doctor`. */
  readonly description: string;
  /** The value while the text is empty. */
  readonly unset?: T;
}

export type SettingGroup = Readonly<Record<string, Setting<unknown>>>;

/** What a group of settings reads as. */
export type Values<G extends SettingGroup> = {
  readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never;
};

/** A setting as it is in force. `value` is masked where it is secret. */
export interface EffectiveSetting {
  readonly name: string;
  readonly value: string;
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

/** A list or record that is `empty` unless given. */
export function collection<T>(name: string, kind: Kind<T>, empty: T, description: string): Setting<T> {
  return { name, kind, default: "", description, unset: empty };
}

/** Names and texts as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of `name` without the space around it; an empty one counts as unset. */
export function given(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** What is wrong with a text that `kind` refuses. Quotes it unless it may be secret. */
export function refusal(name: string, kind: Kind<unknown>, value: string): string {
  const subject = kind.mask === undefined ? JSON.stringify(value) : "the value";
  // A Kubernetes Service called metrics-service puts METRICS_SERVICE_PORT=tcp://… into every pod.
  const hint = value.startsWith("tcp://") ? "; Kubernetes set it: use enableServiceLinks: false" : "";
  return `${name}: ${subject} is not ${kind.expects}${hint}`;
}
