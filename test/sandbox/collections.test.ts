import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf } from './caller.ts';
import type { Caller } from './caller.ts';
import { parsed, recordings, replay } from './recordings.ts';

interface Page {
  readonly data: readonly { readonly id: string; readonly name: string | null }[];
  readonly pagination: { readonly next: string | null; readonly limit: number; readonly partial: boolean };
  readonly sortLinks: object;
  readonly filters: Readonly<Record<string, unknown>>;
}

describe('sandbox/collections', () => {
  let sandbox: Sandbox;
  let call: Caller;
  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
    const { projectId } = sandbox.project;
    sandbox.addService({ projectId, name: 'webapp' });
    sandbox.addService({ projectId, name: 'envagent' });
    const stack = await call('/v2-beta/projects/1a5/stacks', { method: 'POST', body: { name: 'bulk' } });
    const stackId = String(stack.json['id']);
    sandbox.addService({ projectId, type: 'networkDriverService', name: 'default-test-driver', stackId });
    sandbox.addGenericObject({ projectId, kind: 'register' });
    sandbox.addGenericObject({ projectId, kind: 'register' });
    for (let index = 0; index < 110; index += 1) {
      const number = String(index).padStart(3, '0');
      sandbox.addService({ projectId, name: `bulk-${number}`, state: 'inactive', stackId });
      sandbox.addGenericObject({
        projectId,
        name: `bulk-${number}`,
        key: `bulkkey${number}`,
        kind: 'bulkKind',
        resourceData: { index },
      });
    }
  });
  afterAll(() => sandbox.close());

  it.each(recordings('lists').cases)('lists as recorded: $recording', async (recorded) => {
    const answer = await replay(sandbox, recorded);

    const page = answer.json as unknown as Page;
    const { filters, ...expected } = recorded.answer.body ?? {};
    expect(answer.status).toBe(200);
    expect(page).toMatchObject(parsed(expected, sandbox));
    expect(page.data).toHaveLength(recorded.answer.items ?? Number.NaN);
    expect(Object.fromEntries(Object.entries(page.filters).filter(([, given]) => given !== null))).toEqual(filters);
    if (recorded.answer.columns !== undefined)
      expect(Object.keys(page.sortLinks).sort()).toEqual(recorded.answer.columns);
  });

  it('gives every service once when `next` is followed as it is', async () => {
    const names: (string | null)[] = [];
    let path: string | null = '/v2-beta/projects/1a5/services?limit=20';
    while (path !== null) {
      const page = (await call(path)).json as unknown as Page;
      names.push(...page.data.map(({ name }) => name));
      path = page.pagination.next?.replace(sandbox.url, '') ?? null;
    }

    expect(names).toHaveLength(113);
    expect(new Set(names).size).toBe(113);
  });

  it('moves the pages when something before them is removed, because the marker is an offset', async () => {
    const { projectId } = sandbox.addProject('moving');
    const admin = callerOf(sandbox.url, sandbox.adminKey);
    const ids = ['a', 'b', 'c', 'd'].map((key) => sandbox.addGenericObject({ projectId, key }));
    const list = `/v2-beta/projects/${projectId}/genericobjects`;
    const first = (await admin(`${list}?limit=2`)).json as unknown as Page;

    await admin(`${list}/${String(ids[0])}`, { method: 'DELETE' });
    let second = (await admin(`${list}?limit=2&marker=m2`)).json as unknown as Page;
    while (second.data.length > 1) second = (await admin(`${list}?limit=2&marker=m2`)).json as unknown as Page;

    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(second.data.map(({ id }) => id)).toEqual(ids.slice(3));
  });

  it('finds one of 10,000 generic objects by its key as fast as one of a few', async () => {
    const { projectId, keys } = sandbox.addProject('many');
    const member = callerOf(sandbox.url, keys.member);
    for (let index = 0; index < 10_000; index += 1)
      sandbox.addGenericObject({
        projectId,
        key: `k${String(index)}`,
        kind: 'webhookReceiver',
        resourceData: { index },
      });

    const startedMs = performance.now();
    for (let index = 0; index < 100; index += 1) {
      const page = (
        await member(`/v2-beta/projects/${projectId}/genericobjects?key=k${String(index * 97)}&kind=webhookReceiver`)
      ).json as unknown as Page;
      expect(page.data).toHaveLength(1);
    }

    // A scan of all objects takes 5 ms and more; an index well under one.
    expect((performance.now() - startedMs) / 100).toBeLessThan(20);
  });

  it('orders by a column and says how to turn the order round', async () => {
    const answer = await call('/v2-beta/projects/1a5/services?sort=name&order=desc&limit=1');

    expect(answer.json).toMatchObject({ data: [{ name: 'webapp' }], sort: { name: 'name', order: 'desc' } });
  });
});
