import type { CliContext } from './context.ts';

interface EndingTimes {
  /** How long closing may take. */
  readonly deadlineMs: number;
  /**
   * Under npm one ctrl-C arrives twice: from the terminal, and again from npm, which passes it on to its child. Without this
   * span `npm start` would take every ctrl-C for "at once" and never end cleanly.
   */
  readonly sameKeystrokeMs: number;
}

const usualTimes: EndingTimes = { deadlineMs: 5_000, sameKeystrokeMs: 700 };

/**
 * Waits for SIGINT or SIGTERM, then closes. Resolves to the exit code: 0 when everything closed within 5 s, 1 when it did
 * not. A second signal ends the program at once.
 */
export async function runUntilSignal(
  context: CliContext,
  close: () => Promise<void>,
  times: EndingTimes = usualTimes,
): Promise<number> {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let firstAtMs: number | undefined;
  const onSignal = (): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      first.resolve();
    } else if (performance.now() - firstAtMs > times.sameKeystrokeMs) {
      second.resolve();
    }
  };
  const unsubscribe = context.onSignal(onSignal);
  try {
    await first.promise;
    return await closeInTime(context, close, { second: second.promise, deadlineMs: times.deadlineMs });
  } finally {
    unsubscribe();
  }
}

async function closeInTime(
  context: CliContext,
  close: () => Promise<void>,
  { second, deadlineMs }: { readonly second: Promise<void>; readonly deadlineMs: number },
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), deadlineMs);
  });
  try {
    const ended = await Promise.race([
      close().then(() => 'closed' as const),
      second.then(() => 'interrupted' as const),
      deadline,
    ]);
    if (ended === 'closed') return 0;
    const why = ended === 'late' ? `it did not close within ${String(deadlineMs / 1000)} s` : 'a second signal came';
    context.printError(
      `receiver-hooks: ended at once: ${why}; accepted triggers are stored and go on at the next start`,
    );
    return 1;
  } finally {
    clearTimeout(timer);
  }
}
