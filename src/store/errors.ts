/** A database that cannot be used as it was asked. The message is for the operator: it says why and what to do. */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
}

/** The database could not be opened: damaged, of another program or a newer version, or not to be read or made. */
export class StoreOpenError extends StoreError {
  override readonly name = "StoreOpenError";
}

/** Another process holds the database, and only one may. */
export class StoreInUseError extends StoreError {
  override readonly name = "StoreInUseError";
}
