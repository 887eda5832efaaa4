import { describe, expect, it } from '@jest/globals';
import type { StoredHeartbeat } from '../../src/installations/heartbeat.ts';
import { Sightings } from '../../src/installations/sightings.ts';

const times = { staleAfterMs: 150, litterAfterMs: 900 };
const heartbeat = (beat: string, objectId = '1go9'): StoredHeartbeat => ({
  objectId,
  installation: 'other',
  version: '1.0.0',
  host: 'elsewhere',
  beat,
  at: '2001-01-01T00:00:00.000Z',
});
const other = { projectId: '1a5', installation: 'other', version: '1.0.0', host: 'elsewhere' };

describe('installations/sightings', () => {
  it('believes that an installation lives once its beat has changed, whatever its clock says', () => {
    const sightings = new Sightings(times);

    sightings.note('1a5', [heartbeat('a')], 0);
    expect(sightings.at(0)).toMatchObject({ live: [], undecided: [other] });
    sightings.note('1a5', [heartbeat('b')], 30);

    expect(sightings.at(30)).toMatchObject({ live: [other], undecided: [] });
  });

  it('takes what a crash left behind for dead once its beat stood still for long enough', () => {
    const sightings = new Sightings(times);

    for (let atMs = 0; atMs <= 200; atMs += 50) sightings.note('1a5', [heartbeat('a')], atMs);

    expect(sightings.at(200)).toEqual({ live: [], undecided: [] });
  });

  it('takes one for dead that stopped, and for living when it comes back', () => {
    const sightings = new Sightings(times);
    sightings.note('1a5', [heartbeat('a')], 0);
    sightings.note('1a5', [heartbeat('b')], 50);

    sightings.note('1a5', [heartbeat('b')], 250);
    expect(sightings.at(250).live).toEqual([]);
    sightings.note('1a5', [heartbeat('c')], 300);

    expect(sightings.at(300).live).toHaveLength(1);
  });

  it('forgets at once what was removed, and only in the environment that was read', () => {
    const sightings = new Sightings(times);
    for (const projectId of ['1a5', '1a7']) {
      sightings.note(projectId, [heartbeat('a')], 0);
      sightings.note(projectId, [heartbeat('b')], 30);
    }

    sightings.note('1a5', [], 60);

    expect(sightings.at(60).live).toMatchObject([{ projectId: '1a7' }]);
  });

  it('names as litter what has been dead for very long', () => {
    const sightings = new Sightings(times);

    expect(sightings.note('1a5', [heartbeat('a')], 0)).toEqual([]);
    expect(sightings.note('1a5', [heartbeat('a')], 900)).toEqual([]);
    expect(sightings.note('1a5', [heartbeat('a')], 901)).toEqual(['1go9']);
  });
});
