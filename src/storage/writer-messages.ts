import type { FailureReason } from "../errors.ts";
import type { FailureKind } from "./failure.ts";
import type { Operations } from "./operations.ts";

/** What the writer thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly migrationsFolder: string;
}

/** An error on its way between threads: a clone of an Error would lose its code. */
export interface Failure {
  readonly kind: FailureKind;
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  /** Set when it was a ServiceError. */
  readonly reason: FailureReason | undefined;
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
