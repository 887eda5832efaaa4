import { openFloor } from '../parts/floor.ts';
import type { FloorOptions } from '../parts/floor.ts';
import type { Figure } from '../parts/figure.ts';
import { interleave, ratios } from '../parts/interleave.ts';
import type { Timed } from '../parts/interleave.ts';
import { countAnswers, createLoad } from '../parts/load.ts';
import type { Answer } from '../parts/load.ts';
import { percentile, spread } from '../parts/statistics.ts';
import { storm } from '../parts/triggers.ts';
import type { TriggerUrls } from '../parts/triggers.ts';

/** Any service with a trigger URL. */
export interface OtherService {
  readonly label: string;
  readonly urls: TriggerUrls;
}

const rounds = { rounds: 20, stepsPerRound: 20, warmUpSteps: 40 };
const storms = [
  { count: 200, concurrency: 20 },
  { count: 1_000, concurrency: 50 },
] as const;

/** The same load on trigger URLs of any service; with a floor, when the Rancher and the service behind them are named. */
export async function measureOtherServices(
  others: readonly OtherService[],
  floorOptions: FloorOptions | undefined,
): Promise<readonly Figure[]> {
  const load = createLoad({ connections: 1 });
  const floor = floorOptions === undefined ? undefined : openFloor(floorOptions);
  const answers = others.map(() => [] as Answer[]);
  const triggers = others.map(({ urls }, which): Timed => async (index) => {
    const answer = await load.post(index % 2 === 0 ? urls.up : urls.down);
    answers[which]?.push(answer);
    return answer.ms;
  });
  const times = await interleave(floor === undefined ? triggers : [...triggers, floor.step], rounds);
  load.close();
  const floorTimes = floor === undefined ? undefined : times.at(-1);
  const figures: Figure[] = [];
  if (floorTimes !== undefined)
    figures.push({
      what: 'floor: bare GET + PUT, p50',
      value: `${floorTimes.p50Ms.toFixed(1)} ms`,
      remark: `p95 ${floorTimes.p95Ms.toFixed(1)} ms`,
    });
  for (const [which, { label, urls }] of others.entries()) {
    const own = times[which];
    if (own === undefined) continue;
    const ratio =
      floorTimes === undefined
        ? ''
        : `${(own.p50Ms / floorTimes.p50Ms).toFixed(2)} × the floor, by round ${spread(ratios(own, floorTimes), 2)}; `;
    figures.push({
      what: `${label}: one trigger, p50`,
      value: `${own.p50Ms.toFixed(1)} ms`,
      remark: `${ratio}p95 ${own.p95Ms.toFixed(1)} ms; ${countAnswers(answers[which] ?? [])}`,
    });
    for (const size of storms) figures.push(await stormOn(label, urls, size, floor?.readScale));
  }
  await floor?.close();
  return figures;
}

async function stormOn(
  label: string,
  urls: TriggerUrls,
  size: { readonly count: number; readonly concurrency: number },
  readScale: (() => Promise<number>) | undefined,
): Promise<Figure> {
  const before = await readScale?.();
  const { answers, sum, seconds } = await storm(urls, size);
  const after = await readScale?.();
  const times = answers.map(({ ms }) => ms);
  const grown =
    before === undefined || after === undefined
      ? ''
      : `containers added ${String(after - before)}, promised to callers ${String(sum)}; `;
  return {
    what: `${label}: ${size.count.toLocaleString('en')} triggers, ${String(size.concurrency)} at a time`,
    value: `${(size.count / seconds).toFixed(0)} a second`,
    remark: `${grown}p95 ${percentile(times, 0.95).toFixed(1)} ms; ${countAnswers(answers)}`,
  };
}
