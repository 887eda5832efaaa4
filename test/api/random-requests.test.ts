import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { call } from '../support/http-client.ts';
import type { PlainRequest } from '../support/http-client.ts';
import { basic, startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

const atOnce = 20;
const requests = process.env['CI'] === undefined ? 2_000 : 10_000;
const key = 'A'.repeat(40);
const receiverId = '1go1';
const serviceId = '1s1';

let api: RunningApi;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeAll(async () => {
  process.on('unhandledRejection', noteUnhandled);
  api = await startApi({
    sandbox: { accessControl: 'off' },
    parts: { bodyLimits: { mostBytes: 4_096, timeoutMs: 2_000 } },
  });
  api.sandbox.addService({ projectId: '1a5', scale: 1 });
  api.sandbox.addGenericObject({
    projectId: '1a5',
    kind: 'webhookReceiver',
    name: 'there',
    key,
    resourceData: {
      driver: 'scaleService',
      config: { serviceId, action: 'up', amount: 1, min: 1, max: 1_000 },
    },
  });
});

afterAll(async () => {
  process.off('unhandledRejection', noteUnhandled);
  agent.destroy();
  await api.close();
});

const printable = fc.stringMatching(/^[!-~]{0,30}$/);
const word = fc.oneof(
  printable,
  fc.constantFrom('1a5', '1a7', '1a9', receiverId, key, '..', '%2e%2e', '', '%', '__proto__'),
);
const path = fc.oneof(
  fc.constantFrom(
    '/v1-webhooks',
    '/v1-webhooks/',
    '/v1-webhooks/schemas',
    '/v1-webhooks/receivers',
    `/v1-webhooks/receivers/${receiverId}`,
    '/v1-webhooks/endpoint',
    `/v1-webhooks/endpoint/1a5/${key}`,
    '/v1-webhooks/executions',
    '/healthz',
    '/readyz',
  ),
  fc.array(word, { maxLength: 4 }).map((parts) => `/v1-webhooks/${parts.join('/')}`),
  printable.map((text) => `/${text}`),
);
const parameter = fc.oneof(
  fc.constantFrom('projectId=1a5', 'projectId=1a7', 'projectId=1a99', `key=${key}`, 'dryRun=true', 'wait=settled'),
  fc.constantFrom('action=pause', 'action=resume', 'action=rotatekey', 'action=test', 'limit=-1', 'outcome=scaled'),
  fc
    .tuple(fc.constantFrom('projectId', 'key', 'token', 'action', 'limit', 'marker', 'dryRun', 'state'), word)
    .map(([name, value]) => `${name}=${value.replaceAll('#', '')}`),
);
const json = fc
  .oneof(
    fc.jsonValue(),
    fc.record(
      {
        name: fc.oneof(fc.string({ maxLength: 20 }), fc.jsonValue()),
        driver: fc.oneof(fc.constantFrom('scaleService', 'scaleHost', ''), fc.jsonValue()),
        scaleServiceConfig: fc.oneof(
          fc.record(
            {
              serviceId: fc.oneof(fc.constant(serviceId), fc.jsonValue()),
              action: fc.oneof(fc.constantFrom('up', 'down'), fc.jsonValue()),
              amount: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.jsonValue()),
              min: fc.oneof(fc.constant(1), fc.jsonValue()),
              max: fc.oneof(fc.constant(9), fc.jsonValue()),
            },
            { requiredKeys: [] },
          ),
          fc.jsonValue(),
        ),
        format: fc.oneof(fc.constantFrom('auto', 'generic', 'alertmanager'), fc.jsonValue()),
        repeatAfterSeconds: fc.oneof(fc.nat(), fc.jsonValue()),
        url: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.record({ alerts: fc.jsonValue(), status: fc.jsonValue(), groupKey: fc.jsonValue(), version: fc.constant('4') }),
  )
  .map((value) => JSON.stringify(value));
const body = fc.oneof(
  fc.constant(undefined),
  json,
  fc.string({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constant('x'.repeat(5_000)),
  word.map((text) => `key=${text}&projectId=1a5`),
);
const headers = fc
  .record(
    {
      'content-type': fc.oneof(
        fc.constantFrom('application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded'),
        printable,
      ),
      authorization: fc.oneof(fc.constant(basic({ accessKey: 'sandbox', secretKey: 'sandbox-secret' })), printable),
      cookie: fc.oneof(fc.constant('token=a; CSRF=b'), printable),
      'x-api-csrf': fc.constant('b'),
      'x-api-roles': printable,
      'x-forwarded-host': printable,
      'x-forwarded-proto': printable,
      'idempotency-key': fc.oneof(fc.constantFrom('a', 'b'), printable),
      prefer: fc.oneof(fc.constant('respond-async'), printable),
      accept: printable,
    },
    { requiredKeys: [] },
  )
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')));

const request: fc.Arbitrary<PlainRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'),
    path,
    query: fc.array(parameter, { maxLength: 4 }),
    headers,
    body,
  })
  .map(({ method, path: at, query, headers: given, body: sent }) => ({
    method,
    path: `${at.replaceAll('#', '')}${query.length === 0 ? '' : `?${query.join('&')}`}`,
    headers: given,
    ...(sent === undefined ? {} : { body: sent }),
  }));

describe('api: any request', () => {
  it('is answered, and with no 5xx but the two that are meant', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: atOnce, maxLength: atOnce }), async (batch) => {
        const answers = await Promise.all(batch.map((one) => call(api.url, one, agent)));
        for (const [n, answer] of answers.entries()) {
          const isMeant =
            answer.status < 500 ||
            (answer.status === 500 && answer.body['code'] === 'PROJECT_NOT_FOUND') ||
            (answer.status === 503 && answer.headers['retry-after'] !== undefined) ||
            (answer.status >= 500 && batch[n]?.method === 'HEAD');
          expect({
            request: batch[n],
            status: answer.status,
            isMeant,
            answer: isMeant ? '' : answer.text,
          }).toMatchObject({
            isMeant: true,
          });
          if (answer.status >= 400 && batch[n]?.method !== 'HEAD') expect(answer.body).toMatchObject({ type: 'error' });
        }
      }),
      { numRuns: requests / atOnce },
    );
    expect(unhandled).toEqual([]);
  }, 120_000);
});
