import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { startService } from '../../src/cli/service.ts';
import type { RunningService } from '../../src/cli/running-service.ts';
import { readServeConfig } from '../../src/config/read-config.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { makeReceiver, scaleOf } from './support/reachable-sandbox.ts';
import { closeAll, docker, untilAnswers } from './support/stack.ts';

const config = fileURLToPath(new URL('../../addon/compose/front.cfg', import.meta.url));

describe('addon/compose/front.cfg', () => {
  let sandbox: Sandbox;
  let service: RunningService;
  let directory: string;
  let container: string;
  let url: string;

  beforeAll(async () => {
    sandbox = await startSandbox({ speed: 20 });
    directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-front-'));
    const port = String(await freePort());
    url = `http://127.0.0.1:${port}`;
    const { accessKey, secretKey } = sandbox.project.keys.project;
    service = await startService(
      readServeConfig({
        CATTLE_URL: sandbox.url,
        CATTLE_ACCESS_KEY: accessKey,
        CATTLE_SECRET_KEY: secretKey,
        HOST: '127.0.0.1',
        PORT: '0',
        DATA_DIR: directory,
        PUBLIC_URL: url,
        TRUSTED_HOPS: '1',
        TRIGGER_KEYS: 'plain',
        LOG_LEVEL: 'error',
      }),
    );
    const variables = [
      `PORT=${port}`,
      `RANCHER=127.0.0.1:${String(sandbox.port)}`,
      `RECEIVER_HOOKS=127.0.0.1:${String(service.port)}`,
    ];
    container = await docker(
      'run',
      '--detach',
      '--network',
      'host',
      ...variables.flatMap((variable) => ['--env', variable]),
      '--volume',
      `${config}:/usr/local/etc/haproxy/haproxy.cfg:ro`,
      'haproxy:3.0.11-bookworm',
    );
    await untilAnswers(`${url}/v1-webhooks/schemas`);
  });
  afterAll(async () => {
    await closeAll(
      async () => void (container && (await docker('rm', '--force', container))),
      () => service?.close(),
      () => sandbox?.close(),
      () => rm(directory, { recursive: true }),
    );
  });

  const get = async (
    path: string,
    key?: string,
  ): Promise<{ status: number; type?: unknown; data?: { id: string }[] }> => {
    const answer = await fetch(
      `${url}${path}`,
      key === undefined ? {} : { headers: { Authorization: `Basic ${key}` } },
    );
    const text = await answer.text();
    // Rancher answers what it does not know in HTML.
    return { status: answer.status, ...(text.startsWith('{') ? (JSON.parse(text) as object) : {}) };
  };
  const keyOf = ({ accessKey, secretKey }: { accessKey: string; secretKey: string }): string =>
    Buffer.from(`${accessKey}:${secretKey}`).toString('base64');

  it('makes a receiver at the address of Rancher, and its URL works there', async () => {
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'behind-the-route');
    expect(triggerUrl).toContain(`${url}/v1-webhooks/endpoint?key=`);
    expect((await fetch(triggerUrl, { method: 'POST' })).status).toBe(200);
    expect(scaleOf(sandbox, serviceId)).toBe(2);
  });

  it('leaves everything else to Rancher', async () => {
    const key = keyOf(sandbox.project.keys.project);
    expect(await get('/v2-beta/projects/1a5', key)).toMatchObject({ status: 200, type: 'project' });
    expect((await get('/v1-webhooks-and-more', key)).status).not.toBe(200);
    expect((await get('/metrics', key)).status).not.toBe(200);
  });

  it('asks Rancher what a caller may', async () => {
    const path = '/v1-webhooks/receivers?projectId=1a5';
    expect((await get(path, keyOf(sandbox.project.keys.owner))).status).toBe(200);
    expect((await get(path)).status).toBe(401);
    expect([401, 403, 404]).toContain((await get(path, keyOf(sandbox.otherProject.keys.project))).status);
  });

  it('can be taken away again: what was stored is what the old service reads', async () => {
    const { data = [] } = await get(
      '/v2-beta/projects/1a5/genericobjects?kind=webhookReceiver',
      keyOf(sandbox.project.keys.project),
    );
    expect(data[0]).toMatchObject({
      kind: 'webhookReceiver',
      key: expect.stringMatching(/^[0-9A-Za-z]{40}$/),
      resourceData: { driver: 'scaleService', config: { serviceId: expect.any(String), action: 'up' } },
    });
  });
});
