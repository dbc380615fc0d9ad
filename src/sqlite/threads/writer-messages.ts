import type { Failure } from "../file/failure.ts";

/** What the writer thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly migrationsFolder: string;
}

/** The thread's first message: which migrations it applied, or why it could not start. */
export type StartMessage =
  | {
      readonly applied: readonly { readonly version: number; readonly name: string }[];
      /** Whether the file was searched for damage; a large one is not, here. */
      readonly isChecked: boolean;
    }
  | { readonly failure: Failure };
