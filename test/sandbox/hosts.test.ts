import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import type { Caller } from './caller.ts';
import { fixture, parsed, replay } from './recordings.ts';
import type { Names, RecordedCase } from './recordings.ts';

interface RecordedLife {
  readonly recording: string;
  readonly method: string;
  readonly action: string;
  readonly answer: { readonly status: number; readonly state: string; readonly transitioning: string };
  readonly settled: { readonly state: string; readonly actions: readonly string[] };
}

interface Recorded {
  readonly cases: readonly RecordedLife[];
  readonly refusals: readonly RecordedCase[];
  readonly labels: readonly RecordedCase[];
}

const recorded = fixture('hosts') as Recorded;
const simulated = ['activate', 'deactivate', 'delete', 'evacuate', 'purge', 'remove'];

describe('sandbox/types/hosts', () => {
  let sandbox: Sandbox;
  let call: Caller;
  const hosts = '/v2-beta/projects/1a5/hosts';
  const life = (name: string): RecordedLife => {
    const found = recorded.cases.find(({ recording }) => recording === name);
    if (found === undefined) throw new Error(`no recording ${name}`);
    return found;
  };
  const names = (id: string): Names => [
    [/1a46\b/g, '1a5'],
    [/1h30\b/g, id],
  ];

  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20, accessControl: 'off' });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
  });
  afterAll(() => sandbox.close());

  it('lives from active to purged as recorded, and is listed until it is removed', async () => {
    const id = sandbox.addHost({ projectId: '1a5', name: 'lab-1' });

    for (const name of ['e_deactivate', 'e_activate', 'e_evacuate', 'e_delete_inactive', 'e_purge']) {
      const { method, action, answer, settled } = life(name);
      const { status, json } = await call(`${hosts}/${id}${action}`, {
        method,
        ...(method === 'POST' ? { body: {} } : {}),
      });
      expect({ name, status, state: json['state'], transitioning: json['transitioning'] }).toEqual({ name, ...answer });

      const now = await until(
        async () => (await call(`${hosts}/${id}`)).json,
        ({ state }) => state === settled.state,
      );
      expect({ name, actions: Object.keys(now['actions'] as object).sort() }).toEqual({
        name,
        actions: settled.actions.filter((offered) => simulated.includes(offered)).sort(),
      });
    }

    expect((await call(`${hosts}?name=lab-1`)).json).toMatchObject({ data: [] });
    expect(await call(`${hosts}/${id}`, { method: 'PUT', body: { labels: {} } })).toMatchObject({ status: 409 });
  });

  it.each(recorded.refusals)('refuses on an active host: $recording', async (refusal) => {
    const id = sandbox.addHost({ projectId: '1a5' });

    const answer = await replay(sandbox, { ...refusal, as: 'project-key' }, names(id));

    expect(answer.status).toBe(refusal.answer.status);
    expect(answer.json).toMatchObject(refusal.answer.body ?? {});
  });

  it.each(recorded.labels)('replaces the whole map of labels: $recording', async (labels) => {
    const id = sandbox.addHost({ projectId: '1a5', labels: { old: 'gone' } });

    const answer = await replay(sandbox, { ...labels, as: 'project-key' }, names(id));

    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject(parsed(labels.answer.body ?? {}, sandbox));
    expect(answer.json['labels']).toEqual(labels.answer.body?.['labels']);
    await until(
      () => sandbox.inspect(id)?.['state'],
      (state) => state === 'active',
    );
  });

  it('moves the containers of an evacuated host to the others', async () => {
    const { projectId, keys } = sandbox.addProject('two-hosts');
    const member = callerOf(sandbox.url, keys.member);
    const [first, second] = [sandbox.addHost({ projectId }), sandbox.addHost({ projectId })];
    const service = sandbox.addService({ projectId, scale: 4 });
    expect(sandbox.inspect(first)?.['instanceIds']).toHaveLength(2);

    await member(`/v2-beta/projects/${projectId}/hosts/${first}?action=evacuate`, { method: 'POST', body: {} });
    await until(
      () => sandbox.inspect(first)?.['instanceIds'],
      (held) => held === null,
    );
    await until(
      () => sandbox.inspect(service)?.['state'],
      (state) => state === 'active',
    );

    expect(sandbox.inspect(second)?.['instanceIds']).toHaveLength(4);
    expect(sandbox.inspect(service)).toMatchObject({ scale: 4, currentScale: 4 });
  });

  it('leaves a service active and unhealthy when its last host goes', async () => {
    const { projectId, keys } = sandbox.addProject('one-host');
    const member = callerOf(sandbox.url, keys.member);
    const host = sandbox.addHost({ projectId });
    const service = sandbox.addService({ projectId, scale: 2 });

    await member(`/v2-beta/projects/${projectId}/hosts/${host}?action=evacuate`, { method: 'POST', body: {} });
    await until(
      () => sandbox.inspect(service)?.['instanceIds'],
      (held) => held === null,
    );

    expect(sandbox.inspect(service)).toMatchObject({ state: 'active', currentScale: 2, healthState: 'unhealthy' });
  });
});
