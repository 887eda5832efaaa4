import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningService } from '../../../src/cli/running-service.ts';
import { startService } from '../../../src/cli/service.ts';
import { readServeConfig } from '../../../src/config/read-config.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { call } from '../../support/http-client.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';

type Template = Record<string, unknown> & { name: string; driverConfig: Record<string, unknown> };
const published = readFileSync(new URL('../../fixtures/machine-templates.json', import.meta.url), 'utf8');
const secret = 'very-secret-value';

describe('cli/templates/hand-over', () => {
  let sandbox: Sandbox;
  let service: RunningService;
  let directory: string;

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 100 });
    directory = mkdtempSync(join(tmpdir(), 'hand-over-'));
    const config = readServeConfig({ ...environment(), LOG_LEVEL: 'error', DATA_DIR: directory, HOST: '127.0.0.1' });
    service = await startService({ ...config, port: 0 }, {});
  });
  afterEach(async () => {
    await service.close();
    await sandbox.close();
    rmSync(directory, { recursive: true });
  });

  function environment(key = sandbox.project.keys.project): Record<string, string> {
    return { CATTLE_URL: sandbox.url, CATTLE_ACCESS_KEY: key.accessKey, CATTLE_SECRET_KEY: key.secretKey };
  }

  function outputs(change: (templates: Template[]) => Template[] = (all) => all): string {
    const file = JSON.parse(published) as { machines: { machine_templates: { templates: Template[] } } };
    const { machine_templates: contract } = file.machines;
    contract.templates = change(contract.templates);
    const path = join(directory, 'outputs.json');
    writeFileSync(path, JSON.stringify(file));
    return path;
  }
  const bigger = (templates: Template[]): Template[] =>
    templates.map((template) => {
      const isWeb = template.name === 'scaler-web-cn-hangzhou-i';
      return isWeb
        ? { ...template, driverConfig: { ...template.driverConfig, instanceType: 'ecs.g7.2xlarge' } }
        : template;
    });

  async function run(command: string, from: string, ...more: string[]): Promise<CliResult> {
    const { project } = sandbox.project.keys;
    const result = await runCli(
      ['templates', command, '--from', from, '--url', service.url, '--project', '1a5', ...more],
      {
        environment: { ...environment(project), ECS_ACCESS_KEY_SECRET: `${secret}\n` },
      },
    );
    expect(result.out + result.err).not.toContain(secret);
    return result;
  }

  const headers = (): Record<string, string> => {
    const { accessKey, secretKey } = sandbox.project.keys.project;
    return { authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` };
  };
  async function living(plural: string): Promise<Record<string, unknown>[]> {
    const { body } = await call(sandbox.url, { path: `/v2-beta/projects/1a5/${plural}`, headers: headers() });
    return (body['data'] as Record<string, unknown>[]).filter(
      ({ state }) => state !== 'removing' && state !== 'removed',
    );
  }
  const templates = async (): Promise<unknown[]> =>
    (await living('hosttemplates')).map(({ id, name }) => `${String(id)} ${String(name)}`);
  async function receivers(): Promise<Record<string, { hostTemplateId?: string; min?: number }>> {
    const { body } = await call(service.url, { path: '/v1-webhooks/receivers?projectId=1a5', headers: headers() });
    const all = body['data'] as { name: string; scaleHostConfig: { hostTemplateId?: string } }[];
    return Object.fromEntries(all.map(({ name, scaleHostConfig }) => [name, scaleHostConfig]));
  }
  async function addReceiver(name: string, config: object): Promise<void> {
    const scaleHostConfig = { type: 'scaleHost', action: 'up', amount: 1, min: 1, max: 4, ...config };
    const { status } = await call(service.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: headers(),
      body: { name, driver: 'scaleHost', scaleHostConfig },
    });
    expect(status).toBe(200);
  }
  const writes = (): number =>
    sandbox.calls.list().filter(({ method, path }) => method !== 'GET' && /hosttemplates|genericobjects/.test(path))
      .length;

  it('shows what it would make, and makes nothing', async () => {
    const before = writes();
    const { exitCode, out } = await run('diff', outputs(), '--receivers');

    expect(exitCode).toBe(0);
    expect(out).toContain('ok: machine driver aliyunecs: active');
    expect(out).toContain('the one in CATTLE_ACCESS_KEY may create hosts');
    expect(out).toContain('+ template scaler-web-cn-hangzhou-i (aliyunecs)');
    expect(out).toContain('+ receiver scaler-batch-down (scaleHost)');
    expect(writes()).toBe(before);
  });

  it('makes templates and receivers once, and nothing when applied again', async () => {
    const first = await run('apply', outputs(), '--receivers');

    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(await templates()).toEqual([
      '1ht1 scaler-web-cn-hangzhou-i',
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht3 scaler-batch-cn-hangzhou-j',
    ]);
    const [web] = await living('hosttemplates');
    expect(web?.['secretValues']).toEqual({ aliyunecsConfig: { accessKeySecret: null } });
    expect(await receivers()).toMatchObject({
      'scaler-web-up': {
        action: 'up',
        hostTemplateId: '1ht1',
        hostSelector: { pool: 'web' },
        host: {
          labels: { pool: 'web' },
          engineInstallUrl: 'https://releases.rancher.com/install-docker/18.09.sh',
          engineRegistryMirror: ['https://mirror.example.com'],
        },
        amount: 1,
        min: 1,
        max: 10,
      },
      'scaler-web-up-cn-hangzhou-j': { action: 'up', hostTemplateId: '1ht2' },
      'scaler-web-down': { action: 'down', deleteOption: 'leastRecent', hostSelector: { pool: 'web' } },
      'scaler-batch-up': { min: 0, max: 5, hostTemplateId: '1ht3' },
      'scaler-batch-down': { min: 0 },
    });

    const before = writes();
    const second = await run('apply', outputs(), '--receivers');
    expect(second).toMatchObject({ exitCode: 0, err: '' });
    expect(second.out).toMatch(/nothing to change$/);
    expect(writes()).toBe(before);
  });

  it('replaces a changed template, moves every receiver that can move, and removes the old one', async () => {
    await run('apply', outputs(), '--receivers');
    await addReceiver('nightly', { hostTemplateId: '1ht1', hostSelector: { pool: 'web' } });

    const { exitCode, out } = await run('apply', outputs(bigger));

    expect(exitCode).toBe(0);
    expect(out).toContain('aliyunecsConfig.instanceType: "ecs.g7.large" -> "ecs.g7.2xlarge"');
    expect(await templates()).toEqual([
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht3 scaler-batch-cn-hangzhou-j',
      '1ht4 scaler-web-cn-hangzhou-i',
    ]);
    expect(await receivers()).toMatchObject({
      'scaler-web-up': { hostTemplateId: '1ht4', hostSelector: { pool: 'web' }, min: 1 },
      'scaler-web-down': { hostTemplateId: '1ht4' },
      'scaler-web-up-cn-hangzhou-j': { hostTemplateId: '1ht2' },
      nightly: { hostTemplateId: '1ht4', max: 4 },
    });
    expect((await run('apply', outputs(bigger), '--receivers')).out).toMatch(/nothing to change$/);
  });

  it('keeps a replaced template while hosts or a receiver that counts by it need it, and prune takes it later', async () => {
    await run('apply', outputs(), '--receivers');
    await addReceiver('by-template', { hostTemplateId: '1ht1' });
    sandbox.addMachine({ projectId: '1a5', hostname: 'web-7', labels: { pool: 'web' }, hostTemplateId: '1ht1' });

    const applied = await run('apply', outputs(bigger));

    expect(applied.exitCode).toBe(0);
    expect(applied.out).toMatch(
      /! template scaler-web-cn-hangzhou-i 1ht1 stays, receivers use it: by-template; .*hosts were made from it: web-7/,
    );
    expect(await receivers()).toMatchObject({ 'by-template': { hostTemplateId: '1ht1' } });
    expect((await run('prune', outputs(bigger))).out).toMatch(/1ht1 stays[^]*nothing was removed$/);
    expect((await run('apply', outputs(bigger))).out).toMatch(/nothing to change$/);
    expect(await templates()).toContain('1ht1 scaler-web-cn-hangzhou-i');
  });

  it('prunes what the outputs no longer name, of its own installation only', async () => {
    await run('apply', outputs());
    sandbox.addHostTemplate({ projectId: '1a5', name: 'scaler-batch-cn-hangzhou-z', driver: 'aliyunecs' });
    const other = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, name: one.name.replace('scaler', 'other') }));
    await run('apply', outputs(other));
    await addReceiver('holds', { hostTemplateId: '1ht2', hostSelector: { pool: 'web' } });
    const onlyFirst = (all: Template[]): Template[] => all.slice(0, 1);

    expect((await run('diff', outputs(onlyFirst))).out).toContain('- template scaler-batch-cn-hangzhou-j 1ht3 (prune)');
    const pruned = await run('prune', outputs(onlyFirst));

    expect(pruned.exitCode).toBe(0);
    expect(pruned.out).toContain('! template scaler-web-cn-hangzhou-j 1ht2 stays, receivers use it: holds');
    expect(await templates()).toEqual([
      '1ht1 scaler-web-cn-hangzhou-i',
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht4 scaler-batch-cn-hangzhou-z',
      '1ht5 other-web-cn-hangzhou-i',
      '1ht6 other-web-cn-hangzhou-j',
      '1ht7 other-batch-cn-hangzhou-j',
    ]);
  });

  it.each([
    ['before it acts', { kind: 'status', status: 422, when: 'before-acting' }, 3],
    ['and its answer is lost', { kind: 'reset', when: 'after-acting' }, 3],
  ] as const)(
    'says what was made when Rancher refuses half-way %s, and a second run finishes',
    async (_, fault, made) => {
      const path = /hosttemplates$/i;
      sandbox.faults.add({ method: 'POST', path, fault: { kind: 'delay', ms: 0, when: 'before-acting' } });
      sandbox.faults.add({ method: 'POST', path, fault });

      const { exitCode, err } = await run('apply', outputs(), '--receivers');

      expect(exitCode).toBe(1);
      expect(err).toContain('could not make template scaler-web-cn-hangzhou-j');
      expect(err).toContain('  done:     make template scaler-web-cn-hangzhou-i\n');
      expect(err).toMatch(
        /not done: make template scaler-web-cn-hangzhou-j; make template scaler-batch-cn-hangzhou-j; create receiver scaler-web-up;/,
      );
      expect((await run('apply', outputs(), '--receivers')).exitCode).toBe(0);
      expect(await templates()).toHaveLength(made);
      expect((await run('apply', outputs(), '--receivers')).out).toMatch(/nothing to change$/);
    },
  );

  it('finishes what broke off between moving receivers and removing the old template', async () => {
    await run('apply', outputs(), '--receivers');
    sandbox.faults.add({
      method: 'DELETE',
      path: /hosttemplates/i,
      fault: { kind: 'status', status: 500, when: 'before-acting' },
    });

    const broken = await run('apply', outputs(bigger));
    expect(broken.exitCode).toBe(1);
    expect(broken.err).toContain('not done: remove template scaler-web-cn-hangzhou-i 1ht1');
    const second = await run('apply', outputs(bigger));

    expect(second.exitCode).toBe(0);
    expect(second.out).toMatch(/done: remove template scaler-web-cn-hangzhou-i 1ht1\n1 change$/);
    expect(await templates()).not.toContain('1ht1 scaler-web-cn-hangzhou-i');
  });

  it('refuses while the machine driver is inactive, and says where to activate it', async () => {
    const { accessKey, secretKey } = sandbox.adminKey;
    const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
    const path = '/v2-beta/machinedrivers/1md1?action=deactivate';
    const { status } = await call(sandbox.url, { method: 'POST', path, headers: { authorization }, body: {} });
    expect(status).toBe(202);

    const applied = await run('apply', outputs());

    expect(applied.exitCode).toBe(1);
    expect(applied.err).toMatch(
      /machine driver aliyunecs: it is inactive; activate it under Admin > Machine Drivers\nnothing was changed/,
    );
    expect((await run('diff', outputs())).exitCode).toBe(1);
    expect(await templates()).toEqual([]);
  });

  it('refuses a field that the machine driver does not know', async () => {
    const spot = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, driverConfig: { ...one.driverConfig, spot: 'yes' } }));

    const { exitCode, err } = await run('apply', outputs(spot));

    expect(exitCode).toBe(1);
    expect(err).toContain('scaler-web-cn-hangzhou-i: it does not know spot');
    expect(await templates()).toEqual([]);
  });

  it('looks at the driver with the key for hosts when its own is an agent’s', async () => {
    const { project, environment: agent } = sandbox.project.keys;
    const given = {
      ...environment(agent),
      CATTLE_HOST_ACCESS_KEY: project.accessKey,
      CATTLE_HOST_SECRET_KEY: project.secretKey,
    };
    const wrong = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, driverConfig: { ...one.driverConfig, privateAddressOnly: 'yes' } }));

    const { exitCode, out } = await runCli(['templates', 'diff', '--from', outputs(wrong)], { environment: given });

    expect(exitCode).toBe(1);
    expect(out).toContain('scaler-web-cn-hangzhou-i: privateAddressOnly must be boolean');
    expect(out).toContain('ok: key for hosts in 1a5: the one in CATTLE_HOST_ACCESS_KEY may create hosts');
  });

  it('says that no key may create hosts, and how to mend it', async () => {
    const agent = environment(sandbox.project.keys.environment);

    const { exitCode, out } = await runCli(['templates', 'diff', '--from', outputs()], { environment: agent });

    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /warning: key for hosts in 1a5: none may create hosts .*CATTLE_HOST_ACCESS_KEY.*--mint-environment-key/,
    );
  });

  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['no secret', [], {}, 1, /the machine driver's secret is needed/],
    ['an empty secret file', ['--secret-file', 'EMPTY'], {}, 1, /is empty/],
    ['a secret of several words', [], { ECS_ACCESS_KEY_SECRET: 'gpg: decryption failed' }, 1, /not one word/],
    ['a secret file that is not there', ['--secret-file', '/nowhere/secret'], {}, 1, /"\/nowhere\/secret" \(ENOENT\)/],
    ['two sources of the secret', ['--secret-file', 'EMPTY', '--secret-stdin'], {}, 2, /not both/],
    ['a project that is none', ['--project', '../1a7'], {}, 2, /--project "..\/1a7" is not the id/],
    ['the secret on the command line', ['--secret', 'x'], {}, 2, /--secret/],
  ])('refuses %s, and changes nothing', async (_, args, given, code, message) => {
    const empty = join(directory, 'empty');
    writeFileSync(empty, '\n');
    const more = args.map((arg) => (arg === 'EMPTY' ? empty : arg));

    const { exitCode, err } = await runCli(['templates', 'apply', '--from', outputs(), ...more], {
      environment: { ...environment(), CATTLE_URL: `${sandbox.url}/v2-beta/projects/1a5`, ...given },
    });

    expect(exitCode).toBe(code);
    expect(err).toMatch(message);
    expect(err).not.toContain('decryption');
    expect(await templates()).toEqual([]);
  });

  it.each([
    ['is not there', undefined, /cannot be read \(ENOENT\)/],
    ['is broken', '{"machines":', /is not JSON/],
    ['is of another version', published.replace('"version": 1', '"version": 7'), /has version 7/],
    ['holds a secret', published.replace('"region"', '"accessKeySecret": "hush", "region"'), /looks like a secret/],
  ])('does not even call Rancher when the outputs file %s', async (_, content, message) => {
    const path = join(directory, 'broken.json');
    if (content !== undefined) writeFileSync(path, content);
    sandbox.calls.clear();

    for (const command of ['diff', 'apply', 'prune']) {
      const { exitCode, err } = await runCli(['templates', command, '--from', path], { environment: environment() });
      expect(exitCode).toBe(1);
      expect(err).toMatch(message);
    }
    expect(sandbox.calls.count({ path: /hosttemplates/i })).toBe(0);
  });

  it('refuses bounds that a receiver cannot have before it makes anything', async () => {
    const fixed = (all: Template[]): Template[] => all.map((one) => ({ ...one, hosts: { min: 2, max: 2, step: 1 } }));

    const { exitCode, err } = await run('apply', outputs(fixed), '--receivers');

    expect(exitCode).toBe(1);
    expect(err).toContain('the pool "web" has min 2 and max 2');
    expect(await templates()).toEqual([]);
  });

  it('makes nothing when the receivers’ service cannot be asked', async () => {
    const nowhere = ['--receivers', '--url', 'http://127.0.0.1:1'];

    const { exitCode, err } = await run('apply', outputs(), ...nowhere);

    expect(exitCode).toBe(1);
    expect(err).toContain('nothing answers at http://127.0.0.1:1');
    expect(await templates()).toEqual([]);
  });
});
