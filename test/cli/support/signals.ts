/** Stands in for the process's signals: a test sends them when it wants to. */
export function createSignals() {
  const callbacks = new Set<() => void>();
  const subscribed = Promise.withResolvers<void>();
  return {
    onSignal(callback: () => void): () => void {
      callbacks.add(callback);
      subscribed.resolve();
      return () => void callbacks.delete(callback);
    },
    /** Resolves once a command waits for signals. */
    subscribed: subscribed.promise,
    send(): void {
      for (const callback of callbacks) callback();
    },
    waiting: (): number => callbacks.size,
  };
}
