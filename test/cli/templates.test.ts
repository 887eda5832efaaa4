import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { runCli } from './support/run-cli.ts';

describe('cli/commands/templates', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox();
  });
  afterEach(() => sandbox.close());

  const list = (...options: readonly string[]) =>
    runCli(['templates', 'list', ...options], {
      environment: { CATTLE_URL: sandbox.url, CATTLE_ACCESS_KEY: 'sandbox', CATTLE_SECRET_KEY: 'sandbox-secret' },
    });

  it('lists the templates with the names of their secrets, never a value', async () => {
    sandbox.addHostTemplate({
      projectId: '1a5',
      name: 'web',
      driver: 'aliyunecs',
      publicValues: { aliyunecsConfig: { region: 'cn-hangzhou' } },
      secretValues: { aliyunecsConfig: { accessKeySecret: 'very-secret' } },
    });

    const { out, exitCode } = await list();

    expect(exitCode).toBe(0);
    expect(out).toContain('1ht1  web   aliyunecs  active  accessKeySecret');
    expect(out).not.toContain('very-secret');
    expect(JSON.parse((await list('--json')).out)).toEqual([
      { id: '1ht1', name: 'web', driver: 'aliyunecs', state: 'active', secretValues: ['accessKeySecret'] },
    ]);
  });

  it('says that there are none', async () => {
    expect(await list()).toMatchObject({ exitCode: 0, out: expect.stringContaining('no host templates yet') });
  });
});
