import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../infra/src/config/mistake.ts';
import { readConfiguration } from '../../../infra/src/config/read.ts';
import { changed, configure, exampleJson, mistakesIn } from '../support/example.ts';

function complain(json: unknown): string {
  try {
    readConfiguration({ name: 'mine.json', text: JSON.stringify(json), environment: {}, now: new Date('2026-11-24') });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('no mistake was found');
}

describe('infra/src/config/read', () => {
  it('fills in what may be left out', () => {
    const configuration = configure(changed('network.web', undefined));
    expect(configuration.network).toMatchObject({ web: 'closed', containerCidr: '10.42.0.0/16', ingress: [] });
    expect(configuration.pools[1]?.alarms).toEqual({});
    expect(configuration.pools[0]?.alarms.up).toMatchObject({
      statistic: 'Average',
      periodSeconds: 60,
      silenceSeconds: 300,
    });
  });

  it.each(['accountType', 'region', 'prefix', 'network', 'access', 'pools'])('demands %s', (key) => {
    expect(mistakesIn(changed(key, undefined))).toContainEqual(
      expect.objectContaining({ path: key, problem: 'it is missing' }),
    );
  });

  it('lists the values to choose from', () => {
    const [mistake] = mistakesIn(changed('accountType', 'domestic'));
    expect(mistake).toMatchObject({
      path: 'accountType',
      value: 'domestic',
      remedy: 'write one of "Domestic", "International"',
    });
  });

  it('names a key nothing is called, with its path', () => {
    const [mistake] = mistakesIn(changed('pools.0.systemDisk.size', 40));
    expect(mistake).toMatchObject({ path: 'pools[0].systemDisk.size', value: 40, problem: 'nothing is called that' });
  });

  it('reads the nearest alternative of a choice', () => {
    expect(mistakesIn(changed('network.nat', { bandwidthMbps: '20' }))).toEqual([
      expect.objectContaining({ path: 'network.nat.bandwidthMbps' }),
    ]);
    expect(mistakesIn(changed('access.secret.kind', 'gpg'))).toContainEqual(
      expect.objectContaining({ path: 'access.secret.kind', remedy: 'write one of "pgp", "external", "state"' }),
    );
  });

  it('reports mistakes of every kind and place at once', () => {
    let broken = changed('accountType', undefined);
    broken = changed('network.cidr', 'banana', broken);
    broken = changed('network.cdir', '10.100.0.0/16', broken);
    broken = changed('network.zones.0.id', 'us-east-1a', broken);
    broken = changed('pools.0.labels', 'web', broken);
    broken = changed('pools.1.instanceType', 'large', broken);
    broken = changed('access.secret.publicKey', 'AAAA', broken);
    broken = changed('alarms', { effectiveInterval: 'always' }, broken);
    expect(
      mistakesIn(broken)
        .map((mistake) => mistake.path)
        .sort(),
    ).toEqual([
      'access.secret.publicKey',
      'accountType',
      'alarms.effectiveInterval',
      'network.cdir',
      'network.cidr',
      'network.zones[0].id',
      'pools[0].labels',
      'pools[1].instanceType',
    ]);
  });

  it('says where, what, why and how to mend it', () => {
    expect(complain(changed('network.cidr', '10.100.0.9/16'))).toBe(
      [
        'mine.json has 1 mistake; nothing was synthesised:',
        '- network.cidr = "10.100.0.9/16"',
        '    it has bits set after the first 16',
        '    remedy: write 10.100.0.0/16',
      ].join('\n'),
    );
  });

  it('refuses a file that is no JSON', () => {
    const source = { name: 'mine.json', text: '{ "prefix": ', environment: {}, now: new Date() };
    expect(() => readConfiguration(source)).toThrow(/mine\.json has 1 mistake[\s\S]*remedy: write JSON/);
  });

  it.each([null, [], 'text', 7])('refuses %j in place of a configuration', (json) => {
    expect(complain(json)).toContain('(the whole file)');
  });

  it('leaves what it was given alone', () => {
    const json = changed('network.unknown', 1, exampleJson());
    mistakesIn(json);
    expect(json).toEqual(changed('network.unknown', 1));
  });
});
