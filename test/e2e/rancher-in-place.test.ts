import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { closeAll, docker, image, makeSecrets, makeStack } from './support/stack.ts';
import type { Stack } from './support/stack.ts';

const owner = { Authorization: `Basic ${Buffer.from('sandbox:sandbox-secret').toString('base64')}` };
const bounds = { action: 'up', amount: 1, min: 1, max: 9 };

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

describe('addon/compose/rancher-in-place.yml', () => {
  let rancher: string;
  let secrets: Awaited<ReturnType<typeof makeSecrets>>;
  let stack: Stack;
  let container: string;
  let key: string;

  beforeAll(async () => {
    rancher = await docker(
      'run',
      '--detach',
      '--entrypoint',
      'node',
      image,
      '--input-type=module',
      '-e',
      rancherServer,
    );
    secrets = await makeSecrets({ accessKey: 'sandbox', secretKey: 'sandbox-secret' });
    const environment = { RANCHER_CONTAINER: rancher, SECRETS_DIR: secrets.folder, COOLDOWN_SECONDS: '600' };
    stack = makeStack({ file: 'rancher-in-place.yml', environment });
    await stack.up();
    container = await stack.container('receiver-hooks');
    await docker('exec', container, 'node', '--input-type=module', '-e', untilReady);
  });
  afterAll(async () => {
    await closeAll(
      () => stack?.down('remove'),
      () => secrets?.remove(),
      async () => {
        await docker('rm', '--force', '--volumes', rancher);
      },
    );
  });

  /** A request to Rancher's server, from inside its network. */
  async function call(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
    const request = { method, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
    const args = [`http://127.0.0.1:8080${path}`, JSON.stringify(request)];
    return JSON.parse(await docker('exec', container, 'node', '--input-type=module', '-e', send, ...args)) as Answer;
  }

  it("makes a receiver for whom Rancher's proxy lets through, and stores its key as the old service reads it", async () => {
    const inProject = '/v2-beta/projects/1a5';
    const make = async (type: string, body: object): Promise<unknown> =>
      (await call(`${inProject}/${type}`, { method: 'POST', headers: owner, body })).body['id'];
    const stackId = await make('stacks', { name: 'shop' });
    const launchConfig = { imageUuid: 'docker:acme/web:v1' };
    const serviceId = await make('services', { stackId, name: 'webapp', scale: 1, launchConfig });
    const scaleServiceConfig = { serviceId, ...bounds };
    const receiver = { name: 'webapp-up', driver: 'scaleService', scaleServiceConfig };
    const create = (headers: Readonly<Record<string, string>>): Promise<Answer> =>
      call('/v1-webhooks/receivers?projectId=1a5', { method: 'POST', headers, body: receiver });

    expect((await create({})).status).toBe(401);
    const { status, body } = await create(owner);

    expect({ status, body }).toMatchObject({ status: 200, body: { installationDefaults: { cooldownSeconds: 600 } } });
    key = new URL(String(body['url'])).searchParams.get('key') ?? '';
    const objects = await call(`${inProject}/genericobjects?kind=webhookReceiver`, { headers: owner });
    expect(objects.body['data']).toMatchObject([{ name: 'webapp-up', key, resourceData: { driver: 'scaleService' } }]);
  });

  it('scales for its trigger URL, and cools down for all as the variable says', async () => {
    const trigger = (): Promise<Answer> =>
      call(`/v1-webhooks/endpoint?key=${key}&projectId=1a5`, { method: 'POST', body: {} });

    expect(await trigger()).toMatchObject({ status: 200, body: { outcome: 'scaled', from: 1, to: 2 } });
    expect(await trigger()).toMatchObject({ status: 200, body: { outcome: 'cooling-down' } });
  });

  it('lets the doctor look at it from inside, as the install guide says', async () => {
    const said = await docker('exec', container, 'node', 'dist/main.js', 'doctor');

    expect(said).toContain('ok      address: Rancher answers at CATTLE_URL');
    expect(said).not.toContain('FAILED');
  });

  it('is reached by nobody but Rancher, and writes no secret into its log', async () => {
    const address = await docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', rancher);

    await expect(fetch(`http://${address}:8085/healthz`)).rejects.toThrow(/ECONNREFUSED/);
    const logs = await stack.logs();
    expect(logs).toContain('receiver hooks are listening');
    for (const secret of [...secrets.all, key]) expect(logs).not.toContain(secret);
  });
});

/**
 * Stands for the container of Rancher's server: an API on port 8080, whose proxy hands /v1-webhooks to port 8085 of its own
 * loopback and says who calls in headers of its own (recordings g_proxy_*); the API itself is the sandbox's.
 */
const rancherServer = `
  import { spawn } from 'node:child_process';
  import { createServer, request } from 'node:http';
  spawn('node', ['dist/main.js', 'sandbox'], { env: { ...process.env, SANDBOX_PORT: '8081' }, stdio: 'inherit' });
  createServer((incoming, answer) => {
    const isHook = incoming.url.startsWith('/v1-webhooks');
    const { authorization, ...headers } = incoming.headers;
    const caller = authorization === undefined
      ? { 'x-api-roles': '', 'x-api-project-id': '1a!-1' }
      : { 'x-api-roles': 'v1-owner', 'x-api-project-id': '1a5' };
    const onward = request({
      host: '127.0.0.1',
      port: isHook ? 8085 : 8081,
      method: incoming.method,
      path: incoming.url,
      headers: isHook ? { ...headers, ...caller } : incoming.headers,
    }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    onward.on('error', () => answer.writeHead(500, { 'content-type': 'application/json' }).end('{"type":"error"}'));
    incoming.pipe(onward);
  }).listen(8080, '127.0.0.1');
`;

const send = `
  const [url, request] = process.argv.slice(1);
  const answer = await fetch(url, JSON.parse(request));
  console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
`;

const untilReady = `
  const deadline = Date.now() + 60_000;
  let last = '';
  while (Date.now() < deadline) {
    try {
      const answer = await fetch('http://127.0.0.1:8085/readyz');
      if (answer.ok) process.exit(0);
      last = await answer.text();
    } catch (error) { last = String(error.cause ?? error); }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.error(last);
  process.exit(1);
`;
