import { countAnswers, createLoad, inParallel } from './load.ts';
import type { Answer, Load } from './load.ts';
import type { Timed } from './interleave.ts';

/** The trigger URLs of one target. With both, calls alternate and no bound is ever reached. */
export interface TriggerUrls {
  readonly up: string;
  readonly down: string;
}

/** One call after the other on one connection. Throws on the first answer that does not say that it was done. */
export function sequentialTriggers(load: Load, { up, down }: TriggerUrls): Timed {
  return async (index) => {
    const answer = await load.post(index % 2 === 0 ? up : down);
    if (answer.status !== 200) throw new Error(`a sequential trigger was answered ${countAnswers([answer])}`);
    return answer.ms;
  };
}

export interface Storm {
  readonly answers: readonly Answer[];
  readonly seconds: number;
  /** By how much the scale must have grown when every accepted trigger counted once. */
  readonly sum: number;
}

/** Many callers at once on one target; three of five calls go up, so that a lost one shows in the sum. */
export async function storm(
  { up, down }: TriggerUrls,
  size: { readonly count: number; readonly concurrency: number },
): Promise<Storm> {
  const load = createLoad({ connections: size.concurrency });
  const startedMs = performance.now();
  const answers = await inParallel(size, (index) => load.post(isUp(index) ? up : down));
  const seconds = (performance.now() - startedMs) / 1000;
  load.close();
  let sum = 0;
  for (const [index, { status }] of answers.entries()) if (status < 300) sum += isUp(index) ? 1 : -1;
  return { answers, seconds, sum };
}

function isUp(index: number): boolean {
  return index % 5 !== 1 && index % 5 !== 3;
}
