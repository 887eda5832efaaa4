import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inMemoryReceivers, startFakeServer, type FakeServer } from './support/fake-service.ts';
import { runCli } from './support/run-cli.ts';

const execution = {
  id: '01J',
  type: 'execution',
  links: { self: 'http://x' },
  receiverName: 'webapp-up',
  state: 'finished',
  outcome: 'scaled',
  from: 2,
  to: 3,
  message: 'scaled from 2 to 3',
  acceptedAt: '2026-11-23T15:00:00.000Z',
  items: [{ target: '1a5/service/1s7/scale', outcome: 'scaled' }],
};

describe('cli/commands/executions', () => {
  let service: FakeServer;
  const receivers = inMemoryReceivers([{ id: '1go1', name: 'webapp-up', driver: 'scaleService' }]);
  beforeEach(async () => {
    service = await startFakeServer((call) => {
      if (call.path === '/v1-webhooks/executions') return { body: { data: [execution] } };
      if (call.method === 'POST' && call.path === '/v1-webhooks/executions/01J')
        return { body: { ...execution, id: call.query['action'] === 'retry' ? '01K' : '01J' } };
      if (call.path === '/v1-webhooks/executions/01J') return { body: execution };
      return receivers(call);
    });
  });
  afterEach(() => service.close());
  const connection = () => ['--url', service.url, '--project', '1a5'];

  it('lists with the filters, a receiver by its name', async () => {
    const { exitCode, out } = await runCli([
      'executions',
      'list',
      '--receiver',
      'webapp-up',
      '--outcome',
      'scaled',
      '--limit',
      '5',
      ...connection(),
    ]);

    expect(exitCode).toBe(0);
    expect(out).toMatch(/01J +2026-11-23T15:00:00.000Z +webapp-up +scaled +2 -> 3 +scaled from 2 to 3/);
    expect(service.calls.at(-1)?.query).toEqual({
      projectId: '1a5',
      limit: '5',
      receiverId: '1go1',
      outcome: 'scaled',
    });
  });

  it('shows one whole, readable or as JSON', async () => {
    const readable = await runCli(['executions', 'show', '01J', ...connection()]);
    const json = await runCli(['executions', 'show', '01J', '--json', ...connection()]);

    expect(readable.out).toContain('target: 1a5/service/1s7/scale');
    expect(JSON.parse(json.out)).toEqual(execution);
  });

  it('retries one, and says what became of the new one', async () => {
    const { exitCode, out } = await runCli(['executions', 'retry', '01J', ...connection()]);

    expect(exitCode).toBe(0);
    expect(out).toBe('01J is retried as 01K: scaled, scaled from 2 to 3');
  });

  it('cancels one', async () => {
    const { exitCode, out } = await runCli(['executions', 'cancel', '01J', ...connection()]);

    expect(exitCode).toBe(0);
    expect(out).toBe('cancelled 01J; nothing was sent');
    expect(service.calls.at(-1)).toMatchObject({ method: 'POST', query: { projectId: '1a5', action: 'cancel' } });
  });

  it.each([
    ['show', '..'],
    ['show', '.'],
    ['show', ''],
    ['cancel', '..'],
    ['retry', '../receivers/1go1'],
  ])('asks for no other address when it is told to %s "%s"', async (command, id) => {
    const { exitCode, out, err } = await runCli(['executions', command, id, ...connection()]);

    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain('is not an id');
    expect(service.calls).toEqual([]);
  });

  it('says that there is no such execution', async () => {
    const { exitCode, err } = await runCli(['executions', 'show', 'nope', ...connection()]);

    expect(exitCode).toBe(1);
    expect(err).toContain('not found (404)');
  });
});
