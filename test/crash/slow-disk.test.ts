import { beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChildService } from '../support/crash/child-service.ts';
import { triggerPath, useCrashStage } from '../support/crash/crash-stage.ts';
import type { TimersToldLate } from '../support/crash/slow-commits.ts';
import { call } from '../support/http-client.ts';

describe('a service whose every commit takes 50 ms', () => {
  const stage = useCrashStage();
  let serviceId: string;

  beforeEach(() => {
    serviceId = stage.sandbox().addService({ projectId: '1a5', scale: 2 });
    stage.placeReceiver('scaleService', { serviceId, action: 'up', amount: 1, min: 1, max: 10_000 });
  });

  it('answers others, and its timers come in time, while triggers wait for the disk', async () => {
    const service = await stage.start({ preload: './slow-commits.ts' });
    const trigger = () => call(service.url, { method: 'POST', path: triggerPath });
    // The first calls compile what the later ones run.
    for (let index = 0; index < 5; index += 1) await trigger();
    await timersOf(service);

    let isOver = false;
    const looks: number[] = [];
    const looking = (async () => {
      while (!isOver) {
        const begunMs = performance.now();
        expect((await call(service.url, { path: '/healthz' })).status).toBe(200);
        looks.push(performance.now() - begunMs);
        await pause(5);
      }
    })();
    const took: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      const begunMs = performance.now();
      expect((await trigger()).status).toBe(200);
      took.push(performance.now() - begunMs);
    }
    isOver = true;
    await looking;
    const timers = await timersOf(service);

    // At least two commits stand in the way of each: the disk was slow indeed.
    expect(median(took)).toBeGreaterThan(100);
    expect(looks.length).toBeGreaterThan(50);
    expect(median(looks)).toBeLessThan(25);
    // They are due every 5 ms; a thread that stood still for the commits would be 25 ms late for half of them.
    expect(timers.medianMs).toBeLessThan(15);
    expect(stage.sandbox().inspect(serviceId)?.['scale']).toBe(2 + 25);
  }, 30_000);
});

async function timersOf(service: ChildService): Promise<TimersToldLate> {
  const before = service.log().length;
  service.process.kill('SIGUSR2');
  for (;;) {
    const told = /timers (.*)\n/.exec(service.log().slice(before))?.[1];
    if (told !== undefined) return JSON.parse(told) as TimersToldLate;
    await pause(5);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
