import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningService } from '../../src/cli/running-service.ts';
import { startService } from '../../src/cli/service.ts';
import type { RancherAccess } from '../../src/config/config.ts';
import { readServeConfig } from '../../src/config/read-config.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { call } from '../support/http-client.ts';
import type { PlainAnswer } from '../support/http-client.ts';

type Key = Sandbox['adminKey'];
const up = { hostSelector: { tier: 'web' }, action: 'up', amount: 1, min: 1, max: 3 };

describe('the service: scaleHost', () => {
  let sandbox: Sandbox;
  let directory: string;
  const opened: RunningService[] = [];

  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
    directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-hosts-'));
    sandbox.addMachine({
      projectId: '1a5',
      hostname: 'web-1',
      labels: { tier: 'web' },
      config: {},
      engineInstallUrl: 'https://example.com/18.06.sh',
    });
  });
  afterEach(async () => {
    for (const service of opened.splice(0)) await service.close();
    await sandbox.close();
    await rm(directory, { recursive: true });
  });

  async function start(hostKey?: Key, more: Readonly<Record<string, string>> = {}): Promise<RunningService> {
    const { environment } = sandbox.project.keys;
    const config = readServeConfig({
      CATTLE_URL: sandbox.url,
      CATTLE_ACCESS_KEY: environment.accessKey,
      CATTLE_SECRET_KEY: environment.secretKey,
      LOG_LEVEL: 'error',
      DATA_DIR: directory,
      HOST: '127.0.0.1',
      ...more,
    });
    const rancher: RancherAccess = { ...config.rancher, ...(hostKey === undefined ? {} : { hostKey }) };
    const service = await startService({ ...config, rancher, port: 0 }, { timing: { followEveryMs: 50 } });
    opened.push(service);
    return service;
  }

  async function create(service: RunningService, scaleHostConfig: object, as: Key): Promise<PlainAnswer> {
    return call(service.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: basic(as),
      body: { name: `hosts-${String(Math.random())}`, driver: 'scaleHost', scaleHostConfig },
    });
  }

  async function ended(service: RunningService, answer: PlainAnswer, as: Key): Promise<PlainAnswer['body']> {
    const path = `/v1-webhooks/executions/${String(answer.body['executionId'])}?projectId=1a5`;
    for (;;) {
      const { body } = await call(service.url, { path, headers: basic(as) });
      if (body['state'] === 'finished') return body;
      await pause(20);
    }
  }

  it('makes a machine by trigger with the key for hosts, beside an agent key', async () => {
    const { project, owner } = sandbox.project.keys;
    const service = await start(project);

    const receiver = await create(service, up, owner);
    expect(receiver.status).toBe(200);
    const url = new URL(String(receiver.body['url']));
    const answer = await call(service.url, { method: 'POST', path: `${url.pathname}${url.search}` });

    expect([200, 202]).toContain(answer.status);
    expect(await ended(service, answer, owner)).toMatchObject({ outcome: 'scaled', from: 1, to: 2 });
    // The agent's key sees neither driver nor engine options of the base (recording f_host_get_as_environment_agent_key).
    const { body: hosts } = await call(sandbox.url, { path: '/v2-beta/projects/1a5/hosts', headers: basic(project) });
    expect(hosts['data']).toContainEqual(
      expect.objectContaining({
        hostname: 'web-2',
        driver: 'aliyunecs',
        engineInstallUrl: 'https://example.com/18.06.sh',
      }),
    );
    const { body } = await call(service.url, { path: '/readyz' });
    expect(body['checks']).toContainEqual(expect.objectContaining({ name: 'host-key', state: 'ok' }));
  });

  it('refuses a receiver while no key may create hosts, and says what to set', async () => {
    const service = await start();

    const { status, body } = await create(service, up, sandbox.project.keys.owner);

    expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'HOST_KEY_MISSING' });
    expect(body['detail']).toContain('CATTLE_HOST_ACCESS_KEY');
  });

  it('refuses a trigger when the key for hosts was taken away, and warns in readiness', async () => {
    const { project, owner } = sandbox.project.keys;
    const before = await start(project);
    const receiver = await create(before, up, owner);
    await before.close();
    const service = await start();
    const url = new URL(String(receiver.body['url']));

    const answer = await call(service.url, { method: 'POST', path: `${url.pathname}${url.search}` });

    expect([answer.status, answer.body['code']]).toEqual([422, 'HOST_KEY_MISSING']);
    const { status, body } = await call(service.url, { path: '/readyz' });
    expect(status).toBe(200);
    expect(body['checks']).toContainEqual(expect.objectContaining({ name: 'host-key', state: 'warning' }));
  });

  it('lets nobody make, edit or adopt a receiver who may not make hosts by hand', async () => {
    const { project, restricted, owner } = sandbox.project.keys;
    const service = await start(project);
    const receiver = await create(service, up, owner);
    const path = `/v1-webhooks/receivers/${String(receiver.body['id'])}?projectId=1a5`;
    const headers = basic(restricted);

    const answers = [
      await create(service, up, restricted),
      await call(service.url, { method: 'PUT', path, headers, body: { scaleHostConfig: { ...up, max: 99 } } }),
      await call(service.url, { method: 'POST', path: `${path}&action=adopt`, headers, body: {} }),
    ];

    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(
      Array.from({ length: 3 }, () => [403, 'FORBIDDEN']),
    );
  });

  it('makes no host for a receiver that somebody wrote into Rancher, or changed there, until it is adopted', async () => {
    const { project, restricted, owner } = sandbox.project.keys;
    const key = 'writtenByHand00000000000000000000000000';
    const id = sandbox.addGenericObject({
      projectId: '1a5',
      kind: 'webhookReceiver',
      name: 'by hand',
      key,
      resourceData: { url: '', driver: 'scaleHost', config: { type: 'scaleHost', ...up } },
    });
    const service = await start(project);
    const trigger = () => call(service.url, { method: 'POST', path: `/v1-webhooks/endpoint?projectId=1a5&key=${key}` });
    const adopt = () =>
      call(service.url, {
        method: 'POST',
        path: `/v1-webhooks/receivers/${id}?projectId=1a5&action=adopt`,
        headers: basic(owner),
        body: {},
      });

    const written = await trigger();
    const adopted = await adopt();
    const run = await trigger();
    const { body: object } = await call(sandbox.url, {
      path: `/v2-beta/projects/1a5/genericobjects/${id}`,
      headers: basic(restricted),
    });
    const stored = object['resourceData'] as { readonly config: object };
    await call(sandbox.url, {
      method: 'PUT',
      path: `/v2-beta/projects/1a5/genericobjects/${id}`,
      headers: basic(restricted),
      body: { resourceData: { ...stored, config: { ...stored.config, max: 99 } } },
    });
    let changed = await trigger();
    // What the stream has not told yet is believed for a moment.
    while (changed.body['code'] !== 'RECEIVER_UNVERIFIED') changed = await trigger();

    expect([written.status, written.body['code']]).toEqual([422, 'RECEIVER_UNVERIFIED']);
    expect(adopted).toMatchObject({ status: 200, body: { provenance: 'ours' } });
    expect(run).toMatchObject({
      status: 202,
      body: { state: 'under-way', message: 'stored and under way: being made: web-2' },
    });
    expect(changed.status).toBe(422);
  });

  it('makes one machine for an alert that is told three times, and none when it is over', async () => {
    const { project, owner } = sandbox.project.keys;
    const service = await start(project);
    const receiver = await create(service, up, owner);
    const url = new URL(String(receiver.body['url']));
    const tell = (status: string) =>
      call(service.url, {
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        body: {
          version: '4',
          groupKey: '{}:{alertname="Full"}',
          status,
          alerts: [{ status, fingerprint: 'f1', startsAt: '2026-11-23T08:00:00Z' }],
        },
      });

    const told = [await tell('firing'), await tell('firing'), await tell('firing'), await tell('resolved')];
    const [first] = told;
    if (first === undefined) throw new Error('nothing was told');
    await ended(service, first, owner);

    expect(told.map(({ body }) => body['duplicate'] ?? body['outcome'] ?? 'new')).toEqual([
      'new',
      true,
      true,
      'ignored',
    ]);
    expect(
      sandbox.calls.list().filter(({ method, path }) => method === 'POST' && path.endsWith('/hosts')),
    ).toHaveLength(1);
  });

  it('acts for receivers of others where the operator trusts them', async () => {
    const key = 'writtenByHand00000000000000000000000000';
    sandbox.addGenericObject({
      projectId: '1a5',
      kind: 'webhookReceiver',
      name: 'by hand',
      key,
      resourceData: { url: '', driver: 'scaleHost', config: { type: 'scaleHost', ...up } },
    });
    const service = await start(sandbox.project.keys.project, { TRUST_EXISTING_RECEIVERS: 'true' });

    const answer = await call(service.url, { method: 'POST', path: `/v1-webhooks/endpoint?projectId=1a5&key=${key}` });

    expect([200, 202]).toContain(answer.status);
  });

  it('refuses a template that is gone, and a machine driver that is not active', async () => {
    const { project, owner } = sandbox.project.keys;
    const service = await start(project);
    const admin = { headers: { ...basic(sandbox.adminKey), 'content-type': 'application/json' } };

    const noTemplate = await create(service, { ...up, hostTemplateId: '1ht9' }, owner);
    const [driver] = (
      await call(sandbox.url, { path: '/v2-beta/projects/1a5/machinedrivers?name=aliyunecs', ...admin })
    ).body['data'] as readonly { readonly id: string }[];
    await call(sandbox.url, {
      method: 'POST',
      path: `/v2-beta/projects/1a5/machinedrivers/${driver?.id ?? ''}?action=deactivate`,
      body: {},
      ...admin,
    });
    const noDriver = await create(service, up, owner);

    expect([noTemplate.status, noTemplate.body['message']]).toEqual([
      400,
      expect.stringMatching(/^host template 1ht9 is removed or of another environment/),
    ]);
    expect([noDriver.status, noDriver.body['message']]).toEqual([
      400,
      expect.stringMatching(/^machine driver aliyunecs is not active/),
    ]);
  });
});

function basic({ accessKey, secretKey }: Key): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` };
}
