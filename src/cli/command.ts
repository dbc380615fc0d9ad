/** What a positional argument or an option takes; both help and types derive from it. */
export interface ValueSpec {
  /**
   * `flag` takes nothing and is true when given. `duration` is written `90d`, `24h`, `30m` or `45s` and
   * means milliseconds. `limit` is a whole number, or `none`, which is null.
   */
  readonly type: "text" | "integer" | "limit" | "duration" | "choice" | "flag";
  /** For help: what the value means, without a full stop. */
  readonly description: string;
  /** The words a `choice` takes. */
  readonly choices?: readonly string[];
  /** How help calls the value of an option: `--to <N>`. The type's name when absent. */
  readonly valueName?: string;
  /** Whether a command line without it is a usage error. */
  readonly required?: boolean;
  /** The option may be repeated; the value is an array, empty when it is not given. */
  readonly multiple?: boolean;
  /** The value when it is not given, in the form of its type: a duration in milliseconds. */
  readonly default?: string | number;
}

/** One command of the program. */
export interface Command {
  /** As typed, of one word or two: `serve`, `keys create`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** In their order; those that are required come first. */
  readonly positionals?: Readonly<Record<string, ValueSpec>>;
  /** By name without the dashes. `--json` and `--help` are everywhere and stand in no command. */
  readonly options?: Readonly<Record<string, ValueSpec>>;
}

/** What help and `--version` say of the program, and its commands. */
export interface Program {
  /** As it is typed. */
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** The type of one value by its specification. */
type Single<S> = S extends { readonly type: "flag" }
  ? boolean
  : S extends { readonly type: "integer" | "duration" }
    ? number
    : S extends { readonly type: "limit" }
      ? number | null
      : S extends { readonly type: "choice"; readonly choices: readonly (infer Word)[] }
        ? Word
        : string;

/** The type of the value in `Run`: a list where it may be repeated, undefined where it may be missing. */
type ValueOf<S> = S extends { readonly multiple: true }
  ? readonly Single<S>[]
  : S extends { readonly type: "flag" } | { readonly required: true } | { readonly default: string | number }
    ? Single<S>
    : Single<S> | undefined;

/** The values of one half of a command's specification; nothing when it has none. */
type ValuesIn<C, Field extends "positionals" | "options"> = C extends { readonly [K in Field]: infer Specs }
  ? { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }
  : unknown;

/** What the command line says for command `C`: its positionals and its options by their names. */
export type CommandValues<C> = ValuesIn<C, "positionals"> & ValuesIn<C, "options">;

/** A command line that names a command. One member for each command, told apart by `name`. */
export type Run<C extends Command> = C extends Command
  ? {
      readonly kind: "run";
      readonly name: C["name"];
      readonly values: CommandValues<C>;
      /** Whether to answer in JSON. */
      readonly json: boolean;
    }
  : never;

/**
 * What to do with a command line: run a command; print `text` and exit 0; or print `text` to standard
 * error and exit 2.
 */
export type Invocation<C extends Command> =
  | Run<C>
  | { readonly kind: "show"; readonly text: string }
  | { readonly kind: "usage_error"; readonly text: string };
