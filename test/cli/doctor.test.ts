import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { examineDataDirectory } from '../../src/cli/doctor/data-directory.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startFakeServer } from './support/fake-service.ts';
import { runCli } from './support/run-cli.ts';

describe('cli/commands/doctor', () => {
  let directory: string;
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'doctor-test-'));
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await Promise.all(opened.splice(0).map((server) => server.close()));
  });

  async function open(options: Parameters<typeof startSandbox>[0] = {}): Promise<Sandbox> {
    const sandbox = await startSandbox(options);
    opened.push(sandbox);
    return sandbox;
  }

  async function examine(
    url: string,
    key: { accessKey: string; secretKey: string },
    more: Record<string, string> = {},
  ) {
    const environment = {
      CATTLE_URL: url,
      CATTLE_ACCESS_KEY: key.accessKey,
      CATTLE_SECRET_KEY: key.secretKey,
      DATA_DIR: join(directory, 'data'),
      ...more,
    };
    const { exitCode, out } = await runCli(['doctor', '--json'], { environment });
    const findings = JSON.parse(out) as Finding[];
    return { exitCode, findings, of: (check: string) => findings.find((finding) => finding.check === check) };
  }

  it('finds nothing wrong with an environment API key', async () => {
    const sandbox = await open();

    const { exitCode, findings } = await examine(sandbox.url, sandbox.project.keys.project);

    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['address', 'ok'],
      ['key', 'ok'],
      ['access control', 'ok'],
      ['kind of key', 'ok'],
      ['environments', 'ok'],
      ['right to store receivers in 1a5', 'ok'],
      ['key for hosts in 1a5', 'ok'],
      ['installations in 1a5', 'ok'],
      ['other installation', 'ok'],
      ['data directory', 'ok'],
    ]);
    expect(exitCode).toBe(0);
  });

  it('misses a key for hosts beside an agent key, and makes one when asked', async () => {
    const sandbox = await open();
    const { environment } = sandbox.project.keys;

    const before = await examine(sandbox.url, environment);
    const minted = await runCli(['doctor', '--mint-environment-key', '--json'], {
      environment: {
        CATTLE_URL: sandbox.url,
        CATTLE_ACCESS_KEY: environment.accessKey,
        CATTLE_SECRET_KEY: environment.secretKey,
        DATA_DIR: join(directory, 'data'),
      },
    });
    const key = JSON.parse(minted.out) as { projectId: string; accessKey: string; secretKey: string };
    const after = await examine(sandbox.url, environment, {
      CATTLE_HOST_ACCESS_KEY: key.accessKey,
      CATTLE_HOST_SECRET_KEY: key.secretKey,
    });

    expect(before.of('key for hosts in 1a5')).toMatchObject({ state: 'warning' });
    expect(before.of('key for hosts in 1a5')?.remedy).toContain('CATTLE_HOST_ACCESS_KEY');
    expect(key.projectId).toBe('1a5');
    expect(after.of('key for hosts in 1a5')).toMatchObject({ state: 'ok' });
  });

  it('prints a line for each check, with the remedy and without the secret', async () => {
    const sandbox = await open();
    const key = sandbox.project.keys.environment;
    const environment = {
      CATTLE_URL: sandbox.url,
      CATTLE_ACCESS_KEY: key.accessKey,
      CATTLE_SECRET_KEY: key.secretKey,
      DATA_DIR: directory,
    };

    const { exitCode, out } = await runCli(['doctor'], { environment });

    expect(exitCode).toBe(0);
    expect(out).toMatch(/^ok +address: Rancher answers at CATTLE_URL\n/);
    expect(out).toMatch(
      /\nWARNING kind of key: the agent key of environment 1a5, with which Rancher lets nobody create hosts; /,
    );
    expect(out).not.toContain(key.secretKey);
    expect(out.split('\n')).toHaveLength(10);
  });

  it('finds several installations of this service that live, and none that a crash left behind', async () => {
    const sandbox = await open();
    const write = (installation: string, at: Date): unknown =>
      sandbox.addGenericObject({
        projectId: '1a5',
        kind: 'receiverHooksInstallation',
        name: 'receiver-hooks',
        key: installation,
        resourceData: { installation, version: '1.2.3', host: `host-${installation}`, beat: 'b', at: at.toISOString() },
      });
    write('one', new Date());
    write('dead', new Date(Date.now() - 3_600_000));

    const alone = await examine(sandbox.url, sandbox.project.keys.project);
    write('two', new Date());
    const both = await examine(sandbox.url, sandbox.project.keys.project);

    expect(alone.of('installations in 1a5')).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('host-one'),
    });
    expect(both.exitCode).toBe(1);
    expect(both.of('installations in 1a5')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/host-one.*host-two/),
    });
  });

  it('tells a refused key', async () => {
    const sandbox = await open();

    const { exitCode, findings, of } = await examine(sandbox.url, { accessKey: 'wrong', secretKey: 'wrong-secret' });

    expect(exitCode).toBe(1);
    expect(of('address')?.state).toBe('ok');
    expect(of('key')).toMatchObject({ state: 'failed', remedy: expect.stringContaining('CATTLE_ACCESS_KEY') });
    expect(findings.map(({ check }) => check)).toEqual(['address', 'key', 'data directory']);
  });

  it('tells that access control is off, where a wrong key is taken for the admin’s', async () => {
    const sandbox = await open({ accessControl: 'off' });

    const { of } = await examine(sandbox.url, { accessKey: 'wrong', secretKey: 'wrong-secret' });

    expect(of('access control')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('deliberately wrong key'),
    });
    expect(of('kind of key')?.state).toBe('warning');
  });

  it('tells a key that may not store receivers', async () => {
    const sandbox = await open();

    const { exitCode, of } = await examine(sandbox.url, sandbox.project.keys.readonly);

    expect(exitCode).toBe(1);
    expect(of('right to store receivers in 1a5')).toMatchObject({ state: 'failed' });
  });

  it('tells an address that names an environment which the key does not reach', async () => {
    const sandbox = await open();
    const named = async (projectId: string): Promise<Finding | undefined> => {
      const { of } = await examine(`${sandbox.url}/v2-beta/projects/${projectId}`, sandbox.project.keys.project);
      return of('environments');
    };

    expect(await named('1a5')).toMatchObject({ state: 'ok' });
    expect(await named('1a7')).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/1a7.*reaches 1a5/),
      remedy: expect.stringContaining('CATTLE_URL'),
    });
  });

  it('tells an address where nothing answers', async () => {
    const { exitCode, findings, of } = await examine('http://127.0.0.1:1', { accessKey: 'a', secretKey: 'b' });

    expect(exitCode).toBe(1);
    expect(of('address')).toMatchObject({ state: 'failed', remedy: expect.stringContaining('CATTLE_URL') });
    expect(findings.map(({ check }) => check)).toEqual(['address', 'data directory']);
  });

  it.each(['<html>', '{"hello":"world"}'])('tells an address where something else answers: %s', async (body) => {
    const other = await startFakeServer(() => ({ body }));
    opened.push(other);

    const { exitCode, of } = await examine(other.url, { accessKey: 'a', secretKey: 'b' });

    expect(exitCode).toBe(1);
    expect(of('address')?.state).toBe('failed');
  });

  it("finds Rancher's own webhook service", async () => {
    const sandbox = await open();
    const key = sandbox.project.keys.project;
    const { examineOtherInstallation } = await import('../../src/cli/doctor/other-installation.ts');
    // As the old service answers (peer recording "version with projectId").
    const peer = await startFakeServer(({ path }) =>
      path === '/v1-webhooks'
        ? { body: { type: 'apiVersion', links: { receivers: 'http://x/v1-webhooks/receivers' } } }
        : { status: 404, body: {} },
    );
    opened.push(peer);

    const look = (installPlace: 'own-port' | 'rancher-proxy', url: string) =>
      examineOtherInstallation({ url, ...key }, { installPlace, projectId: '1a5' });

    expect(await look('own-port', `${peer.url}/v2-beta`)).toMatchObject({ state: 'warning' });
    expect(await look('rancher-proxy', peer.url)).toMatchObject({ state: 'ok' });
    expect(await look('own-port', sandbox.url)).toMatchObject({ state: 'ok' });
    expect(await look('rancher-proxy', sandbox.url)).toMatchObject({ state: 'failed' });
  });

  // What `serve` says of the same places is in bad-luck.test.ts; `/proc` and `/sys` are so for root, too.
  it.each([
    ['without a parent', (own: string) => join(own, 'no', 'such'), /cannot be made, ".*no" is not there/],
    ['below a file', (own: string) => join(own, 'file', 'data'), /file" is not a directory/],
    ['that is a file', (own: string) => join(own, 'file'), /file" is not a directory/],
    ['that is a link to nothing', (own: string) => join(own, 'link'), /link" is not a directory/],
    ['in /proc', () => '/proc/x', /"\/proc\/x" cannot be made \(E[A-Z]+\)/],
    ['in /sys', () => '/sys/x', /"\/sys\/x" cannot be made \(E[A-Z]+\)/],
    ['of the system', () => '/proc/self', /"\/proc\/self" cannot be written to \(E[A-Z]+\)/],
  ])('fails for a data directory %s, as serve would', (_where, place, says) => {
    writeFileSync(join(directory, 'file'), 'mine');
    symlinkSync(join(directory, 'gone'), join(directory, 'link'));

    const found = examineDataDirectory(place(directory));

    expect(found).toMatchObject({ state: 'failed', message: expect.stringMatching(says), remedy: expect.any(String) });
    expect(readdirSync(directory).toSorted()).toEqual(['file', 'link']);
  });

  it('tells a data directory that can be made, and one that is there, and leaves nothing in them', () => {
    const data = join(directory, 'data');

    expect(examineDataDirectory(data)).toMatchObject({ state: 'ok', message: `"${data}" can be made` });
    expect(examineDataDirectory(directory)).toMatchObject({ state: 'ok', message: `"${directory}" can be written to` });
    expect(readdirSync(directory)).toEqual([]);
  });
});
