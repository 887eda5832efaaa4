import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/observability/logger.ts';
import { call } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

const list = '/v1-webhooks/receivers?projectId=1a5';

let api: RunningApi;
let lines: string[];

beforeEach(async () => {
  lines = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  const history = { list: () => Promise.reject(new Error('a fault of ours')), find: () => Promise.resolve(undefined) };
  api = await startApi({ logger: createLogger({ level: 'info', destination }), parts: { history } });
});

afterEach(() => api.close());

const ask = (path: string) =>
  call(api.url, { path, headers: { authorization: basic(api.sandbox.project.keys.owner) } });
const logged = (): readonly Readonly<Record<string, unknown>>[] =>
  lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

describe('api/app: what is logged of an error', () => {
  it('says in one line, without a stack, that Rancher is away: a storm of calls would fill the disk with them', async () => {
    await api.sandbox.faults.goAway();

    const { status, body } = await ask(list);

    expect(status).toBe(503);
    expect(logged()).toMatchObject([
      {
        level: 'warn',
        code: 'RANCHER_UNAVAILABLE',
        traceId: body['traceId'],
        reason: expect.stringMatching(/ECONNREFUSED/),
      },
    ]);
    expect(lines[0]).not.toContain('stack');
  });

  it('keeps the stack of a fault of ours', async () => {
    const { status, body } = await ask('/v1-webhooks/executions?projectId=1a5');

    expect(status).toBe(500);
    expect(logged()).toMatchObject([
      { level: 'error', code: 'INTERNAL', traceId: body['traceId'], err: { stack: expect.any(String) } },
    ]);
    expect(lines[0]).toContain('a fault of ours');
  });

  it('says nothing at this level of what callers did wrong', async () => {
    await ask('/v1-webhooks/receivers?projectId=');

    expect(lines).toEqual([]);
  });
});
