import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { createForwarding } from '../../src/cli/forwarding.ts';
import { createSealing } from '../../src/receivers/sealing.ts';

const sealing = createSealing(Buffer.alloc(32, 1));
const to = (rancherUrl: string, resolve?: (host: string) => Promise<readonly string[]>) =>
  createForwarding({ rancherUrl, sealing, ...(resolve && { resolve }) });

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

  it('lets nothing be called before the name of Rancher has been resolved, and then it goes on', async () => {
    const answers: (readonly string[] | Error)[] = [new Error('EAI_AGAIN'), [], ['10.1.2.3']];
    const { mayDial } = to('http://rancher.example:8080', async (host) => {
      expect(host).toBe('rancher.example');
      const answer = answers.shift() ?? new Error('asked once too often');
      if (answer instanceof Error) throw answer;
      return answer;
    });

    const notNow = { code: 'RANCHER_UNAVAILABLE', details: { applied: 'no' } };
    await expect(mayDial('10.42.7.8')).rejects.toMatchObject(notNow);
    await expect(mayDial('10.42.7.8')).rejects.toMatchObject(notNow);
    expect(await mayDial('10.42.7.8')).toBe(true);
    expect(await mayDial('10.1.2.3')).toBe(false);
  });

  it('refuses what may never be called without asking for the name of Rancher', async () => {
    const { mayDial } = to('http://rancher.example:8080', () => Promise.reject(new Error('asked')));

    expect(await mayDial('169.254.169.254')).toBe(false);
  });

  it('opens a body only for the execution it was sealed for', () => {
    const { sealing: bodies } = to('http://10.1.2.3');
    const sealed = bodies.seal('body', 'one');

    expect(bodies.open(sealed, 'one')).toBe('body');
    expect(() => bodies.open(sealed, 'two')).toThrow();
  });
});
