/** Lets so many pieces of work run at once; the others wait their turn in order. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** How many run just now. */
  readonly running: number;
}

export function createGate(atOnce: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    get running() {
      return running;
    },
    async run(work) {
      if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await work();
      } finally {
        // The place is handed on, so that a newcomer cannot slip in between.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
