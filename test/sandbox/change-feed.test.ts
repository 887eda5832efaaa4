import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';

interface Event {
  readonly name: string;
  readonly resourceId: string | null;
  readonly resourceType: string | null;
  readonly data: { readonly resource?: Readonly<Record<string, unknown>> };
}

describe('sandbox/change-feed', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 50 });
  });
  afterEach(() => sandbox.close());

  const subscribe = (
    path: string,
    key = sandbox.project.keys.project,
  ): { readonly socket: WebSocket; readonly events: Event[] } => {
    const socket = new WebSocket(`${sandbox.url.replace('http', 'ws')}${path}`, {
      auth: `${key.accessKey}:${key.secretKey}`,
    });
    const events: Event[] = [];
    socket.on('message', (text: Buffer) => events.push(JSON.parse(text.toString('utf8')) as Event));
    return { socket, events };
  };
  const changes = (events: readonly Event[]): Event[] => events.filter(({ name }) => name === 'resource.change');

  it.each([
    '/v2-beta/projects/1a5/subscribe?eventNames=resource.change',
    '/v2-beta/subscribe?projectId=1a5&eventNames=resource.change',
  ])('sends whole resources as they change, and pings: %s', async (path) => {
    const { socket, events } = subscribe(path);
    await once(socket, 'open');
    const call = callerOf(sandbox.url, sandbox.project.keys.project);

    const created = await call('/v2-beta/projects/1a5/genericobjects', {
      method: 'POST',
      body: { key: 'k', resourceData: { a: 1 } },
    });
    const id = String(created.json['id']);
    await until(
      () => changes(events).at(-1)?.data.resource?.['state'],
      (state) => state === 'active',
    );
    await call(`/v2-beta/projects/1a5/genericobjects/${id}`, { method: 'DELETE' });
    await until(
      () => changes(events).at(-1)?.data.resource?.['state'],
      (state) => state === 'removed',
    );
    await until(() => events.some(({ name }) => name === 'ping'), Boolean);

    expect(changes(events)[0]).toMatchObject({
      resourceId: id,
      resourceType: 'genericObject',
      data: { resource: { id, key: 'k', resourceData: { a: 1 } } },
    });
    socket.terminate();
  });

  it('pings at once when the subscription is in force, as Rancher does, and not only after five seconds', async () => {
    await sandbox.close();
    sandbox = await startSandbox();
    const startedAtMs = performance.now();

    const { socket, events } = subscribe('/v2-beta/projects/1a5/subscribe?eventNames=resource.change');
    await once(socket, 'message');

    expect(events[0]).toMatchObject({ name: 'ping' });
    expect(performance.now() - startedAtMs).toBeLessThan(2_500);
    socket.terminate();
  }, 10_000);

  it('sends a burst of changes to one resource as one', async () => {
    const { socket, events } = subscribe('/v2-beta/projects/1a5/subscribe?eventNames=resource.change');
    await once(socket, 'open');
    const call = callerOf(sandbox.url, sandbox.project.keys.project);
    const id = sandbox.addGenericObject({ projectId: '1a5', key: 'k' });

    for (let count = 1; count <= 5; count += 1) {
      await call(`/v2-beta/projects/1a5/genericobjects/${id}`, { method: 'PUT', body: { resourceData: { count } } });
    }
    await until(
      () => changes(events).at(-1)?.data.resource?.['resourceData'],
      (now) => JSON.stringify(now) === '{"count":5}',
    );

    expect(changes(events).length).toBeLessThan(5);
    socket.terminate();
  });

  it('keeps the projects apart', async () => {
    const { socket, events } = subscribe(
      '/v2-beta/projects/1a7/subscribe?eventNames=resource.change',
      sandbox.otherProject.keys.project,
    );
    await once(socket, 'open');

    sandbox.addGenericObject({ projectId: '1a5', key: 'theirs' });
    const own = sandbox.addGenericObject({ projectId: '1a7', key: 'own' });
    await until(
      () => changes(events).length,
      (count) => count > 0,
    );

    expect(changes(events).map(({ resourceId }) => resourceId)).toEqual([own]);
    socket.terminate();
  });

  it.each([
    ['/v2-beta/projects/1a7/subscribe?eventNames=resource.change', 403],
    ['/v2-beta/projects/1a5/nothing', 404],
    ['/v9/subscribe', 404],
  ])('refuses an upgrade of %s with %i', async (path, status) => {
    const { socket } = subscribe(path);

    const [error] = (await once(socket, 'error')) as [Error];

    expect(error.message).toContain(String(status));
  });

  it('refuses a wrong key with 401', async () => {
    const { socket } = subscribe('/v2-beta/projects/1a5/subscribe', { accessKey: 'x', secretKey: 'y' });

    const [error] = (await once(socket, 'error')) as [Error];

    expect(error.message).toContain('401');
  });

  it('drops the streams when told to, and takes new ones', async () => {
    const { socket } = subscribe('/v2-beta/projects/1a5/subscribe?eventNames=resource.change');
    await once(socket, 'open');

    sandbox.dropChangeStreams();
    await once(socket, 'close');
    const again = subscribe('/v2-beta/projects/1a5/subscribe?eventNames=resource.change');

    await once(again.socket, 'open');
    again.socket.terminate();
  });
});
