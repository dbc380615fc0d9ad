/** A value that others may watch. */
export interface WatchedValue<Value> {
  readonly get: () => Value;
  /** Tells every listener when the value differs from before. */
  readonly set: (value: Value) => void;
  /** Calls `listener` after each change until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
}

export function createWatchedValue<Value>(initial: Value): WatchedValue<Value> {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get: () => current,
    set(value) {
      if (value === current) return;
      current = value;
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
