import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { createForwarding } from '../../src/cli/forwarding.ts';
import { createSealing } from '../../src/receivers/sealing.ts';

const sealing = createSealing(Buffer.alloc(32, 1));
const to = (rancherUrl: string) => createForwarding({ rancherUrl, sealing });

describe('cli/forwarding', () => {
  it('lets containers be called, but neither Rancher nor this machine', async () => {
    const { mayDial } = to('http://10.1.2.3:8080/v2-beta');
    const own = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);

    expect(await mayDial('10.42.7.8')).toBe(true);
    expect(await mayDial('10.1.2.3')).toBe(false);
    expect(await Promise.all(own.map((address) => mayDial(address)))).not.toContain(true);
  });

  it('knows both again in every spelling', async () => {
    const { mayDial } = to('http://10.1.2.3:8080/v2-beta');
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const spelled = own.map(({ address, family }) =>
      family === 'IPv4' ? `::ffff:${address}` : address.toUpperCase().replace('::', ':0::'),
    );

    expect(await mayDial('::ffff:10.1.2.3')).toBe(false);
    expect(await mayDial('64:ff9b::a01:203')).toBe(false);
    expect(await to('http://[fd00::5]:8080').mayDial('FD00:0::5')).toBe(false);
    expect(await Promise.all(spelled.map((address) => mayDial(address)))).not.toContain(true);
  });

  it('goes on when the name of Rancher cannot be resolved', async () => {
    expect(await to('http://nowhere.invalid:8080').mayDial('10.42.7.8')).toBe(true);
  });

  it('opens a body only for the execution it was sealed for', () => {
    const { sealing: bodies } = to('http://10.1.2.3');
    const sealed = bodies.seal('body', 'one');

    expect(bodies.open(sealed, 'one')).toBe('body');
    expect(() => bodies.open(sealed, 'two')).toThrow();
  });
});
