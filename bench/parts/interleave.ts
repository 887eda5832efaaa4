import { median, percentile } from './statistics.ts';

/** Something that can be repeated and timed; `index` counts from 0. Resolves to milliseconds. */
export type Timed = (index: number) => Promise<number>;

export interface Timings {
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** The median of each round. */
  readonly roundMediansMs: readonly number[];
  /** Of the steps before the first round, in order; counted nowhere else. */
  readonly warmUpMs: readonly number[];
}

export interface Rounds {
  readonly rounds: number;
  readonly stepsPerRound: number;
  /** Steps of each thing before the first round. */
  readonly warmUpSteps: number;
}

/**
 * Times several things in turns, a round of each and then again from the first, so that whatever else the machine is doing
 * meets all of them alike and their ratio can be believed when single figures cannot. Every thing is warmed up first.
 */
export async function interleave(
  things: readonly Timed[],
  { rounds, stepsPerRound, warmUpSteps }: Rounds,
): Promise<readonly Timings[]> {
  const measured = things.map(() => [] as number[][]);
  const warmUps: number[][] = [];
  for (const thing of things) warmUps.push(await repeat(thing, warmUpSteps));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, thing] of things.entries()) measured[index]?.push(await repeat(thing, stepsPerRound));
  }
  return measured.map((each, index) => ({
    p50Ms: median(each.flat()),
    p95Ms: percentile(each.flat(), 0.95),
    roundMediansMs: each.map(median),
    warmUpMs: warmUps[index] ?? [],
  }));
}

/** The ratio of `timings` to `base`, round by round: both were measured within the same moment. */
export function ratios(timings: Timings, base: Timings): readonly number[] {
  return timings.roundMediansMs.map((ms, round) => ms / (base.roundMediansMs[round] ?? Number.NaN));
}

async function repeat(thing: Timed, times: number): Promise<number[]> {
  const ms: number[] = [];
  for (let index = 0; index < times; index += 1) ms.push(await thing(index));
  return ms;
}
