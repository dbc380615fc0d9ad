/** A value with listeners: the last one set, and a call whenever it changes. */
export interface Observable<Value> {
  readonly value: Value;
  /** Sets the value and calls every listener, unless it is the same (`===`) as before. */
  readonly set: (value: Value) => void;
  /**
   * Calls `listener` after each change, until the returned function is called, which a listener may do too.
   * Not called for the present value; what a listener throws reaches whoever set the value.
   */
  readonly onChange: (listener: () => void) => () => void;
}

export function createObservable<Value>(initial: Value): Observable<Value> {
  const listeners = new Set<() => void>();
  const observable = {
    value: initial,
    set(value: Value) {
      if (value === observable.value) return;
      observable.value = value;
      for (const listener of listeners) listener();
    },
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return observable;
}
