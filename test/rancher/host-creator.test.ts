import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Credentials } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

describe('rancher/host-creator', () => {
  let sandbox: Sandbox;
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0 });
  });
  afterEach(async () => {
    for (const server of opened.splice(0)) await server.close();
    await sandbox.close();
  });

  function connect(credentials: Credentials, hostCredentials?: Credentials) {
    const server = connectRancher({
      url: sandbox.url,
      credentials,
      ...(hostCredentials === undefined ? {} : { hostCredentials }),
    });
    opened.push(server);
    return server;
  }
  const body = { hostname: 'made', aliyunecsConfig: {} };

  it('is our own key where Rancher lets it create hosts, asked for once', async () => {
    const rancher = connect(sandbox.project.keys.project).project('1a5');

    const creator = await rancher.findHostCreator();
    expect(await rancher.findHostCreator()).toBe(creator);

    expect(await creator?.hosts.create(body)).toMatchObject({ type: 'host', hostname: 'made' });
    expect(sandbox.calls.list().filter(({ path }) => path.includes('/schemas/host'))).toHaveLength(1);
  });

  it('is nobody beside an agent key alone', async () => {
    const { environment } = sandbox.project.keys;

    expect(await connect(environment).project('1a5').findHostCreator()).toBeUndefined();
  });

  it('is the key given for hosts, which is used for nothing else', async () => {
    const { environment, project } = sandbox.project.keys;
    const rancher = connect(environment, project).project('1a5');

    await (await rancher.findHostCreator())?.hosts.create(body);
    await rancher.hosts.list();

    expect(sandbox.calls.list().map(({ method, as }) => [method, as])).toEqual([
      ['GET', 'project'],
      ['POST', 'project'],
      ['GET', 'environment'],
    ]);
  });

  it('is our own key again where the one for hosts belongs to another environment', async () => {
    const rancher = connect(sandbox.adminKey, sandbox.otherProject.keys.project).project('1a5');

    await (await rancher.findHostCreator())?.hosts.create(body);

    expect(sandbox.calls.list().at(-1)).toMatchObject({ method: 'POST', as: 'admin' });
  });

  it('never lends the key for hosts to a caller', async () => {
    const { environment, project, restricted } = sandbox.project.keys;

    expect(await connect(environment, project).project('1a5', restricted).findHostCreator()).toBeUndefined();
  });
});
