import type { EventEmitter } from "node:events";

/** Take off the listeners of `event`, node's own, and return what calls them as the event would have. */
export function takeOver(emitter: EventEmitter, event: string): (...args: unknown[]) => void {
  const listeners = emitter.listeners(event);
  emitter.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) listener.apply(emitter, args);
  };
}
