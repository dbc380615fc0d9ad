import type { Failure } from "./failure.ts";
import type { Operations } from "./operations.ts";

/** What the writer thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly migrationsFolder: string;
}

/** The thread's first message: which migrations it applied, or why it could not start. */
export type StartMessage =
  | { readonly applied: readonly { readonly version: number; readonly name: string }[] }
  | { readonly failure: Failure };

export interface CallMessage {
  readonly id: number;
  readonly name: keyof Operations | "close";
  readonly input: readonly unknown[];
}

/** `ms`: how long the operation took in the thread. */
export type ReplyMessage = { readonly id: number; readonly ms: number } & (
  | { readonly result: unknown }
  | { readonly failure: Failure }
);
