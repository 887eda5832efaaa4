import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnCli, type SpawnedCli } from '../cli/support/spawn-cli.ts';
import { call } from '../support/http-client.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const outputs = fileURLToPath(new URL('../fixtures/machine-templates.json', import.meta.url));
const secret = 'only-on-standard-input';

interface Stack {
  readonly name: string;
  readonly pool: string;
  readonly driverConfig: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly engine: Readonly<Record<string, unknown>>;
}
const { machines } = JSON.parse(readFileSync(outputs, 'utf8')) as {
  machines: { machine_templates: { templates: readonly Stack[] } };
};
const stackOf = (pool: string): Stack => machines.machine_templates.templates.find((one) => one.pool === pool)!;

type Body = Readonly<Record<string, unknown>>;

describe('from the outputs of cdktf to hosts and back', () => {
  let program: SpawnedCli;
  let hooks: string;
  let rancher: string;

  beforeEach(async () => {
    program = spawnCli(['try'], { PORT: '0', SANDBOX_PORT: '0' });
    [, hooks = '', rancher = ''] = await program.output(/Receiver hooks at (http:\S+),.* at (http:\S+)\./);
    await program.output(/Ctrl-C ends it\./);
  });
  afterEach(() => program.kill());

  /** The real program, with something to read on standard input. */
  async function templates(
    command: string,
    input: string,
    ...more: string[]
  ): Promise<{ out: string; code: number | null }> {
    const args = [main, 'templates', command, '--from', outputs, '--url', hooks, ...more];
    const env = { CATTLE_URL: rancher, CATTLE_ACCESS_KEY: 'sandbox', CATTLE_SECRET_KEY: 'sandbox-secret' };
    const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(out).not.toContain(secret);
    return { out, code };
  }

  const headers = { authorization: `Basic ${Buffer.from('sandbox:sandbox-secret').toString('base64')}` };
  const origin = (): string => new URL(rancher).origin;
  async function read(path: string): Promise<Body> {
    return (await call(origin(), { path: `/v2-beta/projects/1a5/${path}`, headers })).body;
  }
  async function hostsOf(labels: Readonly<Record<string, string>>): Promise<readonly Body[]> {
    const { data } = (await read('hosts')) as { data: readonly Body[] };
    return data.filter(
      (host) =>
        !['removing', 'removed', 'purging', 'purged'].includes(String(host['state'])) &&
        Object.entries(labels).every(([key, value]) => (host['labels'] as Body | null)?.[key] === value),
    );
  }
  /** Pulls a receiver's trigger and waits for the end of what it set off. */
  async function trigger(name: string): Promise<Body> {
    const receivers = await call(hooks, { path: '/v1-webhooks/receivers?projectId=1a5', headers });
    const all = receivers.body['data'] as readonly { readonly name: string; readonly url: string }[];
    const url = new URL(all.find((receiver) => receiver.name === name)!.url);
    const answer = await call(hooks, { method: 'POST', path: `${url.pathname}${url.search}` });
    for (;;) {
      const path = `/v1-webhooks/executions/${String(answer.body['executionId'])}?projectId=1a5`;
      const { body } = await call(hooks, { path, headers });
      if (body['state'] === 'finished') return body;
      await pause(50);
    }
  }

  it('makes hosts of a pool that has none, exactly as the stack says, and takes them all away again', async () => {
    const stack = stackOf('batch');
    const applied = await templates('apply', `${secret}\n`, '--receivers', '--secret-stdin');
    expect(applied.out).toMatch(/8 changes/);
    expect(applied.code).toBe(0);
    expect(await hostsOf(stack.labels)).toEqual([]);

    expect(await trigger('scaler-batch-up')).toMatchObject({ outcome: 'scaled', from: 0, to: 1 });
    expect(await trigger('scaler-batch-up')).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });

    const hosts = await hostsOf(stack.labels);
    expect(hosts).toHaveLength(2);
    const { resourceFields } = (await read('schemas/aliyunecsConfig')) as {
      resourceFields: Record<string, { type: string }>;
    };
    for (const host of hosts) {
      expect(host).toMatchObject({ state: 'active', driver: 'aliyunecs', labels: stack.labels, ...stack.engine });
      const template = await read(`hosttemplates/${String(host['hostTemplateId'])}`);
      expect(template).toMatchObject({
        name: stack.name,
        driver: 'aliyunecs',
        publicValues: { aliyunecsConfig: stack.driverConfig },
        secretValues: { aliyunecsConfig: { accessKeySecret: null } },
      });
      const { aliyunecsConfig: given } = template['publicValues'] as { aliyunecsConfig: Body };
      expect(Object.keys(given)).toEqual(Object.keys(stack.driverConfig));
      for (const [field, value] of Object.entries(given)) {
        const type = Array.isArray(value) ? 'array[string]' : typeof value;
        expect({ field, type }).toEqual({ field, type: resourceFields[field]?.type });
      }
    }

    expect(await trigger('scaler-batch-down')).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(await trigger('scaler-batch-down')).toMatchObject({ outcome: 'scaled', from: 1, to: 0 });
    expect(await hostsOf(stack.labels)).toEqual([]);
    expect(await trigger('scaler-batch-up')).toMatchObject({ outcome: 'scaled', from: 0, to: 1 });
  }, 120_000);

  it('stops at the pool’s minimum, and a second apply changes nothing', async () => {
    const { labels } = stackOf('web');
    await templates('apply', secret, '--receivers', '--secret-stdin');

    expect(await trigger('scaler-web-up')).toMatchObject({ outcome: 'scaled', from: 0, to: 1 });
    expect(await trigger('scaler-web-up-cn-hangzhou-j')).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    expect((await hostsOf(labels)).map((host) => host['hostTemplateId'])).toEqual(
      expect.arrayContaining(['1ht1', '1ht2']),
    );
    expect(await trigger('scaler-web-down')).toMatchObject({ outcome: 'scaled', from: 2, to: 1 });
    expect(await trigger('scaler-web-down')).toMatchObject({ outcome: 'limit-reached', from: 1, to: 1 });
    expect(await hostsOf(labels)).toHaveLength(1);

    const again = await templates('apply', '', '--receivers');
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/nothing to change\s*$/) });
  }, 120_000);
});
