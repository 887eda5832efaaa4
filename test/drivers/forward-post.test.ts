import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mayDial } from '../../src/domain/address-policy.ts';
import { ServiceError } from '../../src/domain/errors.ts';
import type { AnyDriver } from '../../src/drivers/driver.ts';
import { createForwardPost, forwardPost } from '../../src/drivers/forward-post.ts';
import { findInstances } from '../../src/drivers/forward-post/instances.ts';
import type { Submission } from '../../src/executions/submission.ts';
import { startContainer, type Container } from '../support/container.ts';
import { startBench, type Bench, type Replica } from '../support/executions-under-test.ts';
import { forwarder, sealingWith } from './support/forwarder.ts';

describe('drivers/forward-post', () => {
  const sealing = sealingWith(randomBytes(32));
  let bench: Bench;
  let container: Container;
  let replica: Replica;
  const config = (fields: object = {}): unknown =>
    forwardPost.Config.parse({ serviceName: 'pipeline', port: container.port, path: '/hooks?from=1', ...fields });
  const submission = (extra: Partial<Submission> = {}): Submission => ({
    projectId: '1a5',
    receiverId: '1go1',
    receiverName: 'forward',
    driver: 'forwardPost',
    config: config(),
    format: 'generic',
    signal: { says: 'fire', reason: 'called' },
    repeatAfterSeconds: 0,
    idempotencyKey: undefined,
    body: Buffer.from('{"hello":"secret-of-the-sender"}'),
    contentType: 'application/json; charset=utf-8',
    wait: 'applied',
    ...extra,
  });
  const place = (fields: object = {}): string =>
    bench.sandbox.addService({ projectId: '1a5', name: 'pipeline', instanceAddress: '127.0.0.1', ...fields });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    container = await startContainer();
    replica = await bench.addReplica({ drivers: forwarder(sealing) });
  });
  afterEach(async () => {
    await bench.close();
    await container.close();
  });

  it('hands on body and content type as they came, an id, and nothing of ours', async () => {
    place();

    const { execution } = await replica.executions.submit(submission());

    expect(execution).toMatchObject({
      outcome: 'scaled',
      items: [{ message: 'forwarded to service pipeline, which answered 204' }],
    });
    expect(container.received).toHaveLength(1);
    const [{ url, headers, body } = { url: '', headers: {}, body: Buffer.of() }] = container.received;
    expect(url).toBe('/hooks?from=1');
    expect(body.toString()).toBe('{"hello":"secret-of-the-sender"}');
    expect(Object.keys(headers).toSorted()).toEqual(
      [
        'accept',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
        'x-receiver-hooks-execution',
      ].toSorted(),
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-receiver-hooks-execution': execution.id,
    });
  });

  it('hands on bytes that are no text, and an empty body without a content type', async () => {
    place();
    const bytes = Buffer.from([0, 255, 128, 10]);
    const { contentType: _type, ...plain } = submission({ body: new Uint8Array() });

    await replica.executions.submit(submission({ body: bytes }));
    await replica.executions.submit(plain);

    expect(container.received.map(({ body }) => body.toString('hex'))).toEqual([bytes.toString('hex'), '']);
    expect(container.received[1]?.headers['content-type']).toBeUndefined();
  });

  it.each([
    [302, 'answered 302, and redirects are not followed', 'no'],
    [404, 'answered 404', 'no'],
    [500, 'answered 500', 'unknown'],
  ])('fails with the status that the container answered: %i', async (status, words, applied) => {
    place();
    container.answer = { status, headers: { location: `http://127.0.0.1:${container.port}/elsewhere` } };

    const { execution } = await replica.executions.submit(submission());

    expect(execution).toMatchObject({ outcome: 'failed', code: 'FORWARD_FAILED', applied });
    expect(execution.message).toContain(words);
    expect(container.received).toHaveLength(1);
  });

  it('tries again until the container listens, and forwards each trigger once and in order', async () => {
    place();
    await container.close();
    const { execution } = await replica.executions.submit(submission({ wait: 'respond-async' }));
    const second = await replica.executions.submit(submission({ wait: 'respond-async', body: Buffer.from('2') }));

    container = await startContainer(Number(container.port));
    await replica.ended(execution.id);
    await replica.ended(second.execution.id);

    expect(container.received.map(({ body }) => body.toString())).toEqual(['{"hello":"secret-of-the-sender"}', '2']);
  });

  it('tries again while it cannot be told whether an address may be called', async () => {
    place();
    let asked = 0;
    const unsure = createForwardPost({
      sealing,
      mayDial: async () => {
        asked += 1;
        if (asked < 3) throw new ServiceError('RANCHER_UNAVAILABLE', 'not known', { applied: 'no' });
        return true;
      },
    });
    const other = await bench.addReplica({
      drivers: new Map<string, AnyDriver>([['forwardPost', unsure]]),
      file: `${bench.directory}/unsure.sqlite`,
    });

    const { execution } = await other.executions.submit(submission({ wait: 'respond-async' }));
    const end = await other.ended(execution.id);
    await other.close();

    expect(end).toMatchObject({ outcome: 'scaled' });
    expect(container.received).toHaveLength(1);
  });

  it('goes on after a restart, with the body sealed in the store and erased when it has ended', async () => {
    place();
    await container.close();
    const file = `${bench.directory}/forward.sqlite`;
    const before = await bench.addReplica({ drivers: forwarder(sealing), file });
    const { execution } = await before.executions.submit(submission({ wait: 'respond-async' }));
    await before.close();
    const stored = dump(file);

    container = await startContainer(Number(container.port));
    const after = await bench.addReplica({ drivers: forwarder(sealing), file });
    const end = await after.ended(execution.id);
    await after.close();

    expect(stored).not.toContain('secret-of-the-sender');
    expect(stored).not.toContain(Buffer.from('secret-of-the-sender').toString('base64').slice(0, 20));
    expect(stored).toContain('sealed:');
    expect(end).toMatchObject({ outcome: 'scaled' });
    expect(container.received.at(-1)?.body.toString()).toContain('secret-of-the-sender');
    expect(dump(file)).not.toContain('sealed:');
  });

  it('says so when the key that sealed a body is another by now', async () => {
    place();
    await container.close();
    const file = `${bench.directory}/rekeyed.sqlite`;
    const before = await bench.addReplica({ drivers: forwarder(sealing), file });
    const { execution } = await before.executions.submit(submission({ wait: 'respond-async' }));
    await before.close();

    const after = await bench.addReplica({ drivers: forwarder(sealingWith(randomBytes(32))), file });

    expect(await after.ended(execution.id)).toMatchObject({
      outcome: 'failed',
      code: 'SEALING_KEY_CHANGED',
      applied: 'no',
    });
    container = await startContainer();
  });

  it.each(['127.0.0.1', '169.254.169.254', '100.100.100.200', '0.0.0.0', '::1', 'fe80::1', 'localhost', '2130706433'])(
    'calls nobody at %s',
    async (address) => {
      place({ instanceAddress: address });
      const guarded = await bench.addReplica({ drivers: forwarder(sealing, (given) => mayDial(given, 'allowed')) });

      const { execution } = await guarded.executions.submit(submission());

      expect(execution).toMatchObject({ outcome: 'failed', code: 'TARGET_UNSUPPORTED', applied: 'no' });
      expect(container.received).toEqual([]);
    },
  );

  it('calls only a container of the environment that is called, whatever the config names', async () => {
    bench.sandbox.addService({ projectId: '1a7', name: 'theirs', instanceAddress: '127.0.0.1' });

    const foreign = replica.executions.submit(submission({ config: config({ projectId: '1a7' }) }));
    await expect(foreign).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
    const { execution } = await replica.executions.submit(submission({ config: config({ serviceName: 'theirs' }) }));

    expect(execution).toMatchObject({ outcome: 'failed', code: 'TARGET_NOT_FOUND' });
    expect(container.received).toEqual([]);
  });

  it('calls the service itself and none of its sidekicks, and waits while its container is stopped', async () => {
    const id = place({
      launchConfig: { imageUuid: 'docker:acme/ci:1', networkMode: 'managed' },
      secondaryLaunchConfigs: [{ name: 'proxy', imageUuid: 'docker:acme/proxy:1', networkMode: 'managed' }],
    });
    const { instanceIds } = bench.sandbox.inspect(id) as { instanceIds: readonly string[] };
    const addresses = async (): Promise<readonly string[]> => {
      const found = await findInstances('pipeline', bench.connect(), {});
      return found.kind === 'running' ? found.addresses : [];
    };
    expect(instanceIds).toHaveLength(2);
    expect(await addresses()).toEqual(['127.0.0.1']);

    await bench.connect().services.action(id, 'deactivate');
    while (bench.sandbox.inspect(id)?.['state'] !== 'inactive') await new Promise((resolve) => setTimeout(resolve, 5));
    const { execution } = await replica.executions.submit(submission({ wait: 'respond-async' }));
    expect(await findInstances('pipeline', bench.connect(), {})).toMatchObject({ kind: 'not-running' });
    await bench.connect().services.action(id, 'activate');

    expect(await replica.ended(execution.id)).toMatchObject({ outcome: 'scaled' });
    expect(container.received).toHaveLength(1);
  });

  it('finds a service by stack and name, and refuses a name that two have', async () => {
    place();
    const other = bench.connect().collection('stacks');
    const { id: stackId } = await other.create({ name: 'blue' });
    place({ stackId });

    const one = await replica.executions.submit(submission({ config: config({ serviceName: 'blue/pipeline' }) }));
    const two = await replica.executions.submit(submission());

    expect(one.execution.outcome).toBe('scaled');
    expect(two.execution).toMatchObject({ outcome: 'failed', code: 'TARGET_UNSUPPORTED' });
  });

  it('refuses a body that is too large to be kept', async () => {
    place();

    const large = replica.executions.submit(submission({ body: Buffer.alloc(256 * 1024 + 1) }));

    await expect(large).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it("is not available in the old service's place", async () => {
    place();
    const inOldPlace = await bench.addReplica({ drivers: new Map([['forwardPost', forwardPost as AnyDriver]]) });

    await expect(inOldPlace.executions.submit(submission())).rejects.toMatchObject({ code: 'FORWARD_NOT_AVAILABLE' });
    await expect(forwardPost.check(forwardPost.Config.parse(config()), bench.connect())).rejects.toMatchObject({
      code: 'FORWARD_NOT_AVAILABLE',
    });
  });

  it.each([
    [{ serviceName: '' }, 'serviceName'],
    [{ serviceName: 'a/b/c' }, 'serviceName'],
    [{ serviceName: '../x' }, 'serviceName'],
    [{ port: 0 }, 'port'],
    [{ port: '65536' }, 'port'],
    [{ port: '80/x' }, 'port'],
    [{ path: 'hooks' }, 'path'],
    [{ path: '/a b' }, 'path'],
    [{ path: '/a\\b' }, 'path'],
    [{ path: undefined }, 'path'],
    [{ projectId: 5 }, 'projectId'],
  ])('refuses the config %j, of which the old service checked nothing', (fields, field) => {
    const parsed = forwardPost.Config.safeParse({ serviceName: 'a', port: '80', path: '/', ...fields });

    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
  });
});

/** Everything a database file holds, as text. */
function dump(file: string): string {
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    return JSON.stringify(tables.map(({ name }) => database.prepare(`select * from "${String(name)}"`).all()));
  } finally {
    database.close();
  }
}
