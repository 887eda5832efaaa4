import { describe, expect, it } from '@jest/globals';
import { runUntilSignal } from '../../src/cli/run-until-signal.ts';
import { createSignals } from './support/signals.ts';

function unclosable(times: { readonly deadlineMs: number; readonly sameKeystrokeMs: number }) {
  const signals = createSignals();
  const said: string[] = [];
  const unexpected = (): never => {
    throw new Error('nothing is to be started');
  };
  const ended = runUntilSignal(
    {
      environment: {},
      print: unexpected,
      printError: (line) => void said.push(line),
      onSignal: (callback) => signals.onSignal(callback),
      startService: unexpected,
      startSandbox: unexpected,
    },
    () => new Promise(() => {}),
    times,
  );
  return { signals, said, ended };
}

describe('cli/run-until-signal', () => {
  it('ends at once at a second signal', async () => {
    const { signals, said, ended } = unclosable({ deadlineMs: 60_000, sameKeystrokeMs: -1 });

    signals.send();
    signals.send();

    expect(await ended).toBe(1);
    expect(said.join()).toContain('a second signal came');
  });

  it('ends with 1 when closing takes too long', async () => {
    const { signals, said, ended } = unclosable({ deadlineMs: 1, sameKeystrokeMs: 700 });

    signals.send();

    expect(await ended).toBe(1);
    expect(said.join()).toContain('it did not close within');
    expect(signals.waiting()).toBe(0);
  });
});
