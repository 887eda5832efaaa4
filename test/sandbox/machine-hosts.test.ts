import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import type { Caller } from './caller.ts';
import { fixture, replay } from './recordings.ts';
import type { RecordedCase } from './recordings.ts';

interface Recorded {
  readonly creates: readonly RecordedCase[];
  readonly views: readonly RecordedCase[];
  readonly templates: readonly RecordedCase[];
  readonly templateRead: RecordedCase;
  readonly events: readonly RecordedCase[];
  readonly configSchemas: readonly RecordedCase[];
  readonly hostSchemas: readonly RecordedCase[];
  readonly lives: Readonly<Record<string, readonly string[]>>;
  readonly offered: Readonly<Record<string, readonly string[]>>;
}

const recorded = fixture('machine-hosts') as Recorded;
const hosts = '/v2-beta/projects/1a5/hosts';
const events = '/v2-beta/projects/1a5/externalhostevents';
const named = (cases: readonly RecordedCase[]) => cases.map((one) => [one.recording, one] as const);
// Offered by the real server, and no business of this product.
const notSimulated = 'upgrade';

describe('sandbox/types/hosts: machines', () => {
  let sandbox: Sandbox;
  let call: Caller;
  let machineId: string;

  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
    call = callerOf(sandbox.url, sandbox.project.keys.project);
    sandbox.machines.readyMs = 60_000;
    const [create] = recorded.creates.filter(({ recording }) => recording === 'f_host_create_project_key');
    if (create === undefined) throw new Error('the create is not recorded');
    machineId = String((await replay(sandbox, create)).json['id']);
    await until(
      async () => (await call(`${hosts}/${machineId}`)).json,
      ({ state }) => state === 'provisioning',
    );
  });
  afterAll(() => sandbox.close());

  it.each(named(recorded.creates))('answers a create as recorded: %s', async (_, one) => {
    const { status, json } = await replay(sandbox, one);

    expect(status).toBe(one.answer.status);
    expect(json).toMatchObject(comparable(one));
  });

  it.each(named(recorded.views))('shows a machine as recorded: %s', async (_, one) => {
    const { json } = await replay(sandbox, one, [[/1h11\b/g, machineId]]);
    const { actions, ...fields } = one.answer.body as { actions: readonly string[] };

    expect(Object.keys(json).toSorted()).toEqual(
      [...Object.keys(fields), 'actions', 'links', 'id', 'uuid', 'created', 'createdTS'].toSorted(),
    );
    expect(json).toMatchObject({ ...fields, accountId: '1a5', physicalHostId: expect.any(String) as unknown });
    expect(Object.keys(json['actions'] as object).toSorted()).toEqual(
      actions.filter((action) => action !== notSimulated),
    );
  });

  it.each(named(recorded.hostSchemas))('describes hosts to a role as recorded: %s', async (_, one) => {
    const { json } = await replay(sandbox, one);
    const { collectionMethods, fields } = one.answer.body as { collectionMethods: unknown; fields: readonly string[] };

    expect(json['collectionMethods']).toEqual(collectionMethods);
    expect(Object.keys(json['resourceFields'] as object).toSorted()).toEqual(fields);
  });

  it.each(named(recorded.configSchemas))('describes a driver config to a role as recorded: %s', async (_, one) => {
    const { status, json } = await replay(sandbox, one);
    expect(status).toBe(one.answer.status);
    if (status !== 200) return;
    const fields = Object.entries(json['resourceFields'] as Record<string, { type: string }>);

    expect({
      collectionMethods: json['collectionMethods'],
      resourceMethods: json['resourceMethods'],
      fields: Object.fromEntries(fields.map(([name, { type }]) => [name, type])),
    }).toEqual(one.answer.body);
  });

  it.each(named(recorded.templates))('makes a template as recorded: %s', async (_, one) => {
    const { status, json } = await replay(sandbox, one);

    expect(status).toBe(one.answer.status);
    expect(json).toMatchObject(comparable(one));
  });

  it('shows secret values of a template once, keeps its values, and makes hosts from a removed one', async () => {
    const templates = '/v2-beta/projects/1a5/hosttemplates';
    const [create] = recorded.templates;
    if (create === undefined) throw new Error('no template is recorded');
    const made = await replay(sandbox, create);
    const id = String(made.json['id']);
    expect(made.json['secretValues']).toEqual(create.answer.body?.['secretValues']);

    const put = await call(`${templates}/${id}`, {
      method: 'PUT',
      body: { description: 'd', publicValues: {}, secretValues: {} },
    });
    const read = await until(
      async () => (await call(`${templates}/${id}`)).json,
      ({ state }) => state === 'active',
    );
    expect([put.status, read]).toMatchObject([200, { ...comparable(recorded.templateRead), description: 'd' }]);

    await call(`${templates}/${id}`, { method: 'DELETE' });
    await until(
      async () => (await call(`${templates}/${id}`)).json,
      ({ state }) => state === 'removed',
    );
    const host = await call(hosts, { method: 'POST', body: { hostname: 'late', hostTemplateId: id } });
    const foreign = await call(hosts, { method: 'POST', body: { hostname: 'late', hostTemplateId: '1ht999' } });
    expect([host.status, foreign.status, foreign.json['fieldName']]).toEqual([201, 422, 'hostTemplateId']);
  });

  it.each(named(recorded.events))('answers an event as recorded: %s', async (_, one) => {
    const { status, json } = await replay(sandbox, one, [
      [/1a46\b/g, '1a5'],
      [/"1h3[0-9]"/g, `"${machineId}"`],
    ]);

    expect(status).toBe(one.answer.status);
    if (status !== 201) expect(json).toMatchObject(comparable(one));
  });

  it.each([
    ['f_host_create_machine_error_sequence', 5, 'Error creating machine: NotEnoughBalance'],
    ['f_host_create_states_without_machine_service', 2_000, undefined],
  ])('fails as recorded: %s', async (recording, speed, message) => {
    const own = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed, machineReadyMs: 1_000 });
    try {
      own.machines.fail(message === undefined ? {} : { message });
      const caller = callerOf(own.url, own.project.keys.project);
      const { json } = await caller(hosts, { method: 'POST', body: { hostname: 'failing', aliyunecsConfig: {} } });
      const path = `${hosts}/${String(json['id'])}`;

      expectPassed(await watch(caller, path, 'error'), recorded.lives[recording]);

      expect((await caller(path)).json).toMatchObject({
        state: 'error',
        transitioning: 'error',
        transitioningMessage: message ?? `Waiting: agent to check in [host:${String(json['id'])}]`,
      });
      expect((await caller(path, { method: 'PUT', body: { labels: {} } })).status).toBe(409);
    } finally {
      await own.close();
    }
  });

  it('becomes active with the labels of its agent beside its own', async () => {
    sandbox.machines.readyMs = 500;
    const { json } = await call(hosts, {
      method: 'POST',
      body: { hostname: 'good', labels: { pool: 'web' }, aliyunecsConfig: {} },
    });
    const active = await until(
      async () => (await call(`${hosts}/${String(json['id'])}`)).json,
      ({ state }) => state === 'active',
    );

    expect(active).toMatchObject({ driver: 'aliyunecs', labels: { pool: 'web', 'io.rancher.host.os': 'linux' } });
  });

  it.each([
    ['e_event_evacuate_delete_sequence', 'active', 5],
    ['e_event_evacuate_delete_inactive_host_sequence', 'inactive', 0.2],
  ])('evacuates and deletes as recorded, the event open until the end: %s', async (recording, state, speed) => {
    const own = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed });
    try {
      const caller = callerOf(own.url, own.project.keys.project);
      const id = own.addMachine({ projectId: '1a5', hostname: 'leaving', state });
      const body = { eventType: 'host.evacuate', hostId: id, deleteHost: true };

      const first = await caller(events, { method: 'POST', body });
      const second = await caller(events, { method: 'POST', body });
      const open = (await caller(`${events}?state=creating`)).json['data'] as readonly { readonly id: string }[];
      const states = await watch(caller, `${hosts}/${id}`, 'purged');

      expect([first.status, second.status]).toEqual([201, 201]);
      expect(open.map((event) => event.id)).toEqual([first.json['id'], second.json['id']]);
      expectPassed(states, ['active', ...(recorded.lives[recording] ?? [])]);
      await until(
        async () => (await caller(`${events}/${String(second.json['id'])}`)).json,
        ({ state: now }) => now === 'created',
      );
    } finally {
      await own.close();
    }
  });

  it('lets an evacuation of a machine being made wait, and deletes it by DELETE at once', async () => {
    sandbox.machines.readyMs = 60_000;
    const { json } = await call(hosts, { method: 'POST', body: { hostname: 'young', aliyunecsConfig: {} } });
    const id = String(json['id']);
    await until(
      async () => (await call(`${hosts}/${id}`)).json,
      ({ state }) => state === 'provisioning',
    );

    await call(events, { method: 'POST', body: { eventType: 'host.evacuate', hostId: id, deleteHost: true } });
    const { status } = await call(`${hosts}/${id}`, { method: 'DELETE' });

    expect(status).toBe(200);
    expect((await watch(call, `${hosts}/${id}`, 'removed')).at(-1)).toBe('removed');
  });

  it('takes no config of a driver that an admin has deactivated', async () => {
    const admin = callerOf(sandbox.url, sandbox.adminKey);
    const drivers = '/v2-beta/projects/1a5/machinedrivers';
    const [driver] = (await admin(`${drivers}?name=digitalocean`)).json['data'] as readonly { id: string }[];
    const body = { hostname: 'do-1', digitaloceanConfig: {} };
    expect((await call(hosts, { method: 'POST', body })).status).toBe(201);
    const path = `${drivers}/${driver?.id ?? ''}?action=deactivate`;
    expect((await call(path, { method: 'POST', body: {} })).status).toBe(422);

    await admin(path, { method: 'POST', body: {} });

    expect((await call(hosts, { method: 'POST', body })).json['code']).toBe('DriverConfigExactlyOneRequired');
    expect((await call('/v2-beta/projects/1a5/schemas/digitaloceanConfig')).status).toBe(404);
  });
});

/** The states a host passes until `last`; the actions it offers meanwhile are those recorded. */
async function watch(caller: Caller, path: string, last: string): Promise<readonly string[]> {
  const states: string[] = [];
  for (;;) {
    const { json } = await caller(path);
    const state = String(json['state']);
    if (states.at(-1) !== state) {
      states.push(state);
      const offered = recorded.offered[state]?.filter((action) => action !== notSimulated);
      if (offered !== undefined) expect(Object.keys(json['actions'] as object).toSorted()).toEqual(offered);
    }
    if (state === last) return states;
    await pause(2);
  }
}

/** Short states may be missed between two reads, others may not appear, and the order is the recorded one. */
function expectPassed(states: readonly string[], life: readonly string[] = []): void {
  expect(states.length).toBeGreaterThan(1);
  expect(life.filter((state) => states.includes(state))).toEqual(states);
}

/** What an answer must hold, but for the project and what differs from call to call. */
function comparable({ answer }: RecordedCase): Record<string, unknown> {
  const { accountId: _, actions: __, type, baseType: ___, ...fields } = (answer.body ?? {}) as Record<string, unknown>;
  return { type, ...fields };
}
