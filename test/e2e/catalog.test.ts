import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, afterAll, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { parse, stringify } from 'yaml';
import { readCatalog } from '../../addon/catalog/catalog-folder.ts';
import { DockerCompose } from '../../addon/catalog/compose-rules.ts';
import { interpolate, renderTemplate } from '../../addon/catalog/render-template.ts';
import type { Answers } from '../../addon/catalog/render-template.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { makeReceiver, scaleOf, startReachableSandbox } from './support/reachable-sandbox.ts';
import { closeAll, docker, makeStack, untilAnswers } from './support/stack.ts';
import type { Stack } from './support/stack.ts';

const sealingKey = Buffer.alloc(32, 5).toString('base64');
const databaseUrl = 'postgres://hooks:word-of-the-database@postgres:5432/hooks';

/** What Rancher does with an operator's answers: defaults for what was not answered, templates, then `${NAME}`. */
function launch(answered: Answers): DockerCompose {
  const [template] = readCatalog(fileURLToPath(new URL('../../templates', import.meta.url))).templates;
  const version = template?.versions.at(-1);
  if (version === undefined) throw new Error('the catalog has no version');
  const defaults = version.catalog.questions.map((question) => [question.variable, question.default ?? '']);
  const answers: Answers = { ...Object.fromEntries(defaults), IMAGE_REPOSITORY: 'receiver-hooks', ...answered };
  return DockerCompose.parse(interpolate(parse(renderTemplate(version.dockerCompose.nodes, answers)), answers));
}

describe('templates/receiver-hooks', () => {
  let sandbox: Sandbox;
  let folder: string;
  let stack: Stack | undefined;

  beforeAll(async () => {
    sandbox = await startReachableSandbox();
    folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-launch-'));
  });
  afterEach(async () => {
    await stack?.down('remove');
    stack = undefined;
  });
  afterAll(async () => {
    await closeAll(
      () => sandbox?.close(),
      () => rm(folder, { recursive: true }),
    );
  });

  /** Plays Rancher's part in what docker-compose does not do: its secrets, and the agent key for labelled containers. */
  async function bringUp(compose: DockerCompose, secrets: Readonly<Record<string, string>>): Promise<Stack> {
    const declared: Record<string, { file: string }> = {};
    for (const name of Object.keys(compose.secrets ?? {})) {
      const file = join(folder, name);
      await writeFile(file, secrets[name] ?? '', { mode: 0o444 });
      declared[name] = { file };
    }
    const agent = sandbox.project.keys.environment;
    const services = Object.entries(compose.services).map(([name, service]) => {
      const isAgent = service.labels?.['io.rancher.container.create_agent'] === 'true';
      const given = {
        CATTLE_URL: `${sandbox.url}/v1`,
        CATTLE_ACCESS_KEY: agent.accessKey,
        CATTLE_SECRET_KEY: agent.secretKey,
      };
      return [name, { ...service, environment: { ...service.environment, ...(isAgent ? given : {}) } }];
    });
    const file = join(folder, 'docker-compose.yml');
    await writeFile(file, stringify({ ...compose, services: Object.fromEntries(services), secrets: declared }));
    const made = makeStack({ file });
    stack = made;
    await made.up();
    return made;
  }

  it('works with its defaults: a volume, the agent key, the sealing key as a secret', async () => {
    const port = String(await freePort());
    const up = await bringUp(launch({ PORT: port }), { 'receiver-hooks-sealing-key': sealingKey });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswers(`${url}/readyz`);
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'from-the-catalog');
    expect((await fetch(triggerUrl, { method: 'POST' })).status).toBe(200);
    expect(scaleOf(sandbox, serviceId)).toBe(2);

    const container = await up.container('receiver-hooks');
    expect(await docker('exec', container, 'id', '-u')).toBe('1000');
    const environment = await docker('inspect', '--format', '{{json .Config.Env}}', container);
    expect(environment).not.toContain(sealingKey);
    expect(await up.logs()).not.toContain(sealingKey);
  });

  it('works with the bundled PostgreSQL, for several replicas, on old engines, with a cooldown for all', async () => {
    const port = String(await freePort());
    const answers = {
      PORT: port,
      STORAGE: 'bundled-postgres',
      REPLICAS: '2',
      OLD_DOCKER: 'true',
      COOLDOWN_SECONDS: '600',
    };
    const up = await bringUp(launch(answers), {
      'receiver-hooks-sealing-key': sealingKey,
      'receiver-hooks-database-url': databaseUrl,
      'receiver-hooks-postgres-password': 'word-of-the-database',
    });
    const url = `http://127.0.0.1:${port}`;
    // Rancher starts a container again that ended because its database was not there yet; docker-compose does not.
    const deadlineMs = performance.now() + 60_000;
    while ((await untilAnswers(`${url}/readyz`, 200, 2_000).catch(() => -1)) < 0 && performance.now() < deadlineMs) {
      await up.start('receiver-hooks');
    }
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'on-postgres');
    expect((await fetch(triggerUrl, { method: 'POST' })).status).toBe(200);
    const again = await fetch(triggerUrl, { method: 'POST' });
    expect(await again.json()).toMatchObject({ outcome: 'cooling-down' });
    expect(scaleOf(sandbox, serviceId)).toBe(2);
    const options = await docker(
      'inspect',
      '--format',
      '{{json .HostConfig.SecurityOpt}}',
      await up.container('receiver-hooks'),
    );
    expect(JSON.parse(options)).toEqual(['no-new-privileges', 'seccomp=unconfined']);
    expect(await up.logs()).not.toContain('word-of-the-database');
  });

  it('takes triggers from the sources of the answer only', async () => {
    const port = String(await freePort());
    await bringUp(launch({ PORT: port, ALLOWED_SOURCES: '192.0.2.0/24,cloudmonitor' }), {
      'receiver-hooks-sealing-key': sealingKey,
    });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswers(`${url}/readyz`);
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'guarded');

    const refused = await fetch(triggerUrl, { method: 'POST' });

    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'SOURCE_NOT_ALLOWED' });
    expect(scaleOf(sandbox, serviceId)).toBe(1);
  });

  it('says in its log which answers were wrong, all at once', async () => {
    const wrong = launch({
      PORT: String(await freePort()),
      PUBLIC_URL: 'hooks.example.com',
      COOLDOWN_SECONDS: '5 minutes',
      ALLOWED_SOURCES: 'intranet',
    });
    const up = await bringUp(wrong, { 'receiver-hooks-sealing-key': 'not a key' });
    const container = await up.container('receiver-hooks');
    expect(await docker('wait', container)).toBe('1');
    const logs = await up.logs();
    expect(logs).toMatch(/PUBLIC_URL: "hooks\.example\.com" is not a plain http or https address/);
    expect(logs).toMatch(/SEALING_KEY: .*openssl rand -base64 32/);
    expect(logs).toMatch(/COOLDOWN_SECONDS: "5 minutes" is not a whole number from 0 to 86400/);
    expect(logs).toMatch(/ALLOWED_SOURCES: "intranet" is not a list of addresses/);
    expect(logs).not.toContain('not a key');
  });
});
