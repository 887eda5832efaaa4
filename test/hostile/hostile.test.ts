import { Agent } from 'node:http';
import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createLogger } from '../../src/observability/logger.ts';
import { call } from '../support/http-client.ts';
import type { PlainAnswer, PlainRequest } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';
import { hostileRequest } from './hostile-requests.ts';
import type { Known } from './hostile-requests.ts';

const requests = Number(process.env['HOSTILE_REQUESTS'] ?? '5000');
const atOnce = 25;
const mostGrowthBytes = 48 * 1024 * 1024;

const secret = 'the-secret-of-the-sender';
let api: RunningApi;
let known: Known;
let logged = '';
const faults: unknown[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const note = (fault: unknown): void => {
  faults.push(fault);
};

beforeAll(async () => {
  process.on('unhandledRejection', note).on('uncaughtException', note);
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      inspect(chunk.toString('utf8'));
      done();
    },
  });
  api = await startApi({
    logger: createLogger({ level: 'debug', destination }),
    sandbox: { accessControl: 'off' },
    parts: { bodyLimits: { mostBytes: 4_096, timeoutMs: 2_000 } },
  });
  const serviceId = api.sandbox.addService({ projectId: '1a5', scale: 1 });
  const authorizations = [api.sandbox.project.keys.project, api.sandbox.project.keys.readonly].map(basic);
  const create = async (name: string, fields: object): Promise<{ id: string; key: string }> => {
    const { body } = await call(api.url, {
      method: 'POST',
      path: '/v1-webhooks/receivers?projectId=1a5',
      headers: { authorization: authorizations[0] ?? '' },
      body: {
        name,
        driver: 'scaleService',
        scaleServiceConfig: { serviceId, action: 'up', amount: 1, min: 1, max: 5 },
        ...fields,
      },
    });
    return { id: String(body['id']), key: new URL(String(body['url'])).searchParams.get('key') ?? '' };
  };
  const made = [
    await create('open', {}),
    await create('signed', { signature: { kind: 'gitlab', secrets: [{ secret }] } }),
    await create('counted', { rateLimit: { triggers: 3, perSeconds: 1 } }),
  ];
  known = {
    keys: made.map(({ key }) => key),
    ids: made.map(({ id }) => id),
    serviceId,
    secrets: [secret],
    authorizations,
  };
});

afterAll(async () => {
  process.off('unhandledRejection', note).off('uncaughtException', note);
  agent.destroy();
  await api.close();
});

/** Every line is one JSON object whatever a caller sent, and none holds a secret. Lines are judged as they come: 100,000 of them fill memories. */
function inspect(text: string): void {
  for (const line of text.split('\n').filter((part) => part !== '')) {
    const leaked = [secret, ...(known?.keys ?? []), ...(known?.authorizations ?? [])].find((one) => line.includes(one));
    if (leaked !== undefined) note(new Error(`a log line holds a secret: ${line}`));
    try {
      const parsed = JSON.parse(line) as { readonly level?: unknown };
      if (parsed.level === 'fatal') note(new Error(`somebody else wrote a log line: ${line}`));
    } catch {
      note(new Error(`a log line is no JSON: ${line}`));
    }
  }
  logged = text;
}

function isMeant({ status, body, headers }: PlainAnswer, { method }: PlainRequest): boolean {
  if (status < 500 || method === 'HEAD') return true;
  if (status === 500) return body['code'] === 'PROJECT_NOT_FOUND';
  return status === 503 && headers['retry-after'] !== undefined;
}

/** Bytes that are still needed after everything else was thrown away. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function attack(count: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileRequest(known), { minLength: atOnce, maxLength: atOnce }), async (batch) => {
      const answers = await Promise.all(batch.map((request) => call(api.url, request, agent)));
      for (const [n, answer] of answers.entries()) {
        const request = batch[n] ?? { path: '' };
        if (!isMeant(answer, request))
          throw new Error(`${String(answer.status)} ${answer.text} to ${JSON.stringify(request)}`);
        if (answer.headers['set-cookie'] !== undefined) throw new Error(`a cookie for ${JSON.stringify(request)}`);
        if (answer.text.includes(secret)) throw new Error(`a secret in the answer to ${JSON.stringify(request)}`);
      }
    }),
    { numRuns: Math.ceil(count / atOnce), seed, endOnFailure: true },
  );
}

describe('api: hostile requests', () => {
  it(
    `answers ${String(requests)} of them without a fault, a leak or a growing memory`,
    async () => {
      const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 2 ** 31);
      // Caches, pools and compiled code reach their size first.
      await attack(requests / 2, seed);
      const before = usedBytes();
      await attack(requests / 2, seed + 1);
      const grownBytes = usedBytes() - before;

      expect(faults).toEqual([]);
      expect(logged).not.toBe('');
      expect({ grownBytes, isFlat: grownBytes < mostGrowthBytes }).toMatchObject({ isFlat: true });
      expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
      expect((await call(api.url, { path: '/healthz' })).status).toBe(200);
    },
    60_000 + requests * 20,
  );
});
