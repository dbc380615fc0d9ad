/** A database that cannot be used as it was asked. The message is for the operator: it says why and what to do. */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
}

/** The database could not be opened. */
export class StoreOpenError extends StoreError {
  override readonly name = "StoreOpenError";
  /**
   * Whether the database itself is what is wrong (damaged, of another program, of a newer version): no
   * repetition will open it, and a supervisor should not try.
   */
  readonly isUnusable: boolean;

  constructor(
    message: string,
    { isUnusable, cause }: { readonly isUnusable: boolean; readonly cause?: unknown },
  ) {
    super(message, { cause });
    this.isUnusable = isUnusable;
  }
}

/** Another process holds the database, and only one may. */
export class StoreInUseError extends StoreError {
  override readonly name = "StoreInUseError";
}
