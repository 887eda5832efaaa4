import { describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';
import type { GenericObject } from '../../src/rancher/resources.ts';
import { createSealing } from '../../src/receivers/sealing.ts';
import { decode, encode } from '../../src/receivers/stored-receiver.ts';
import type { Keeping } from '../../src/receivers/stored-receiver.ts';

const keeping: Keeping = {
  kinds: { drivers, formats },
  custody: { sealing: createSealing(Buffer.alloc(32, 5)), triggerKeys: 'hashed' },
};

const config = { type: 'scaleService', serviceId: '1s1', action: 'up', amount: 1, min: 1, max: 4 };

function object(resourceData: object): GenericObject {
  const text = JSON.stringify({ url: 'http://x/', driver: 'scaleService', config, ...resourceData });
  return {
    id: '1go1',
    type: 'genericObject',
    kind: 'webhookReceiver',
    name: 'stored',
    key: 'k'.repeat(40),
    state: 'active',
    resourceData: JSON.parse(text) as Record<string, unknown>,
  };
}

/** As it comes from Rancher: more than JSON.stringify or a recursion through it can bear. */
function nested(levels: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
}

const withNested = (where: string, levels: number, more: object = {}): GenericObject => {
  const stored = object(more);
  return { ...stored, resourceData: { ...stored.resourceData, [where]: nested(levels) } };
};

describe('receivers/stored-receiver', () => {
  it.each(['config', 'driver', 'url', 'somebody elses'])(
    'is no receiver that can run, and nothing worse, with an endlessly nested %s',
    (where) => {
      const more = { receiverHooks: { proof: '0123456789abcdef.x' } };

      const { content, provenance } = decode(withNested(where, 100_000, more), '1a5', keeping);

      expect(content).toMatchObject({ kind: 'unusable', reason: expect.stringContaining('nested') as unknown });
      expect(provenance).toBe('unverified');
      expect(JSON.stringify(content).length).toBeLessThan(1_000);
    },
  );

  it('can be saved again whatever lies there', () => {
    const stored = withNested('somebody elses', 100_000);
    const settings = { name: 'stored', driver: 'scaleService', config, format: 'auto', formatSettings: {} };
    const storing = {
      projectId: '1a5',
      key: 'k'.repeat(40),
      url: 'http://x/',
      uid: undefined,
      state: 'active',
    } as const;

    const { resourceData } = encode(
      { ...settings, repeatAfterSeconds: 600 },
      { ...storing, id: undefined, provenance: 'ours' },
      keeping.custody,
      stored.resourceData ?? {},
    );

    const saved = { ...stored, resourceData: JSON.parse(JSON.stringify(resourceData)) as Record<string, unknown> };
    expect(decode(saved, '1a5', keeping).content).toMatchObject({ kind: 'usable' });
  });

  it('keeps what a member of the environment nested in good measure', () => {
    expect(decode(withNested('of a member', 20), '1a5', keeping).content).toMatchObject({ kind: 'usable' });
  });
});
