import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf } from './caller.ts';
import { parsed, recordings, replay } from './recordings.ts';
import type { Names } from './recordings.ts';

describe('sandbox/api', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
  });
  afterAll(() => sandbox.close());

  describe('answers who may do what as recorded', () => {
    let names: Names;
    beforeAll(() => {
      const { projectId } = sandbox.project;
      const serviceId = sandbox.addService({ projectId, name: 'webapp', scale: 2 });
      const objectId = sandbox.addGenericObject({ projectId, name: 'hook', key: 'k', kind: 'webhookReceiver' });
      names = [
        [/1s(?:6|155|232|436)\b/g, serviceId],
        [/1go237\b/g, objectId],
      ];
    });

    it.each(recordings('access').cases)('$recording', async (recorded) => {
      const answer = await replay(sandbox, recorded, names);

      expect(answer.status).toBe(recorded.answer.status);
      expect({
        'x-api-account-kind': answer.header('x-api-account-kind'),
        'www-authenticate': answer.header('www-authenticate'),
        'content-type': answer.header('content-type'),
      }).toEqual({ 'x-api-account-kind': null, 'www-authenticate': null, ...recorded.answer.headers });
      expect(answer.json).toMatchObject(parsed(recorded.answer.body ?? {}, sandbox, names));
      if (recorded.answer.body?.['type'] === 'error') {
        expect('fieldName' in answer.json).toBe('fieldName' in recorded.answer.body);
      }
    });
  });

  describe('takes the body of a PUT as recorded', () => {
    it.each(recordings('put-service').cases)('$recording', async (recorded) => {
      const serviceId = sandbox.addService({
        projectId: sandbox.project.projectId,
        name: recorded.recording.replaceAll('_', '-'),
        scale: 2,
      });

      const answer = await replay(sandbox, recorded, [[/1s6\b/g, serviceId]]);

      const { name: _recordedName, ...expected } = recorded.answer.body ?? {};
      expect(answer.status).toBe(recorded.answer.status);
      expect(answer.json).toMatchObject(parsed(expected, sandbox));
    });
  });

  it.each(recordings('schemas').cases)('shows rights and columns in the schema: $recording', async (recorded) => {
    const answer = await replay(sandbox, recorded);

    const { filters, resourceFields, ...expected } = recorded.answer.body ?? {};
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject(expected);
    expect(Object.keys(answer.json['collectionFilters'] as object).sort()).toEqual(filters);
    for (const [name, field] of Object.entries(
      (resourceFields ?? {}) as Record<string, { create: boolean; update: boolean; type: string }>,
    )) {
      expect(answer.json['resourceFields']).toMatchObject({
        [name]: { type: field.type, create: field.create, update: field.update },
      });
    }
  });

  it('marks every answer as the sandbox’s own, refusals and pages of HTML included', async () => {
    const call = callerOf(sandbox.url, undefined);

    const answers = await Promise.all(
      ['/ping', '/v9/x', '/v2-beta', '/v2-beta/projects/1a5/nothing'].map((path) => call(path)),
    );

    for (const answer of answers) expect(answer.header('x-receiver-hooks-sandbox')).toBe('1');
  });

  it('ignores the prefix of an id, and finds a load balancer among the services under its own type', async () => {
    const { projectId, keys } = sandbox.project;
    const call = callerOf(sandbox.url, keys.project);
    const id = sandbox.addService({ projectId, type: 'loadBalancerService', name: 'lb' });

    const answer = await call(`/v2-beta/projects/1a5/services/${id.replace('1s', '1h')}`);

    expect(answer.json).toMatchObject({
      id,
      type: 'loadBalancerService',
      links: { self: `${sandbox.url}/v2-beta/projects/1a5/loadbalancerservices/${id}` },
    });
  });

  it('accepts a PUT of scale on external and DNS services and does nothing', async () => {
    const { projectId, keys } = sandbox.project;
    const call = callerOf(sandbox.url, keys.project);
    for (const [type, path] of [
      ['externalService', 'externalservices'],
      ['dnsService', 'dnsservices'],
    ] as const) {
      const id = sandbox.addService({ projectId, type, name: type });

      const byOwnPath = await call(`/v2-beta/projects/1a5/${path}/${id}`, { method: 'PUT', body: { scale: 3 } });
      const byServices = await call(`/v2-beta/projects/1a5/services/${id}`, { method: 'PUT', body: { scale: 3 } });

      expect(byOwnPath).toMatchObject({ status: 200, json: { state: 'active', transitioning: 'no' } });
      expect(byServices).toMatchObject({ status: 200, json: { state: 'updating-active', transitioning: 'yes' } });
      expect(byServices.json).not.toHaveProperty('scale');
    }
  });

  it('refuses a service without a stack, in an unknown stack, and with a name taken in its stack', async () => {
    const { projectId, keys } = sandbox.project;
    const call = callerOf(sandbox.url, keys.project);
    const stackId = String(
      sandbox.inspect(sandbox.addService({ projectId, name: 'taken', secondaryLaunchConfigs: [{ name: 'side' }] }))?.[
        'stackId'
      ],
    );
    const create = (body: object) => call('/v2-beta/projects/1a5/services', { method: 'POST', body });

    await expect(create({ name: 'a' })).resolves.toMatchObject({
      status: 422,
      json: { code: 'MissingRequired', fieldName: 'stackId' },
    });
    await expect(create({ name: 'a', stackId: '1st999' })).resolves.toMatchObject({
      status: 422,
      json: { code: 'InvalidReference', fieldName: 'stackId' },
    });
    await expect(create({ name: 'taken', stackId })).resolves.toMatchObject({
      status: 422,
      json: { code: 'NotUnique', fieldName: 'name' },
    });
    await expect(create({ name: 'side', stackId })).resolves.toMatchObject({
      status: 422,
      json: { code: 'NotUnique', fieldName: 'name' },
    });
  });

  it('answers anything with a status of Rancher’s, and 500 only to a PUT on an id that never existed', async () => {
    const call = callerOf(sandbox.url, sandbox.project.keys.project);
    const id = sandbox.addService({ projectId: sandbox.project.projectId, name: 'poked' });
    const segment = fc.constantFrom(
      'projects',
      '1a5',
      'services',
      'hosts',
      'genericobjects',
      'stacks',
      'schemas',
      id,
      '1s0',
      '..',
      '%2e',
      '%zz',
      '__proto__',
      'constructor',
      'instances',
    );
    const parameter = fc.constantFrom(
      'sort=name',
      'order=x',
      'limit=-5',
      'marker=m9',
      'include=__proto__',
      'include=stack',
      'action=remove',
      'action=__proto__',
      'name_like=%25',
      'created_gt=1',
      'a&b=%',
      '_method=PUT',
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
      path: fc.array(segment, { maxLength: 5 }).map((parts) => ['/v2-beta', ...parts].join('/')),
      query: fc.array(parameter, { maxLength: 3 }).map((parts) => parts.join('&')),
      rawBody: fc.oneof(
        fc.json(),
        fc.string(),
        fc.constantFrom('{"scale":{}}', '{"labels":[]}', '{"__proto__":{"scale":1}}', '{"name":{},"stackId":7}'),
      ),
    });

    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, rawBody }) => {
        const answer = await call(`${path}?${query}`, { method, ...(method === 'GET' ? {} : { rawBody }) });

        expect(answer.header('x-receiver-hooks-sandbox')).toBe('1');
        expect([
          200,
          201,
          202,
          400,
          403,
          404,
          405,
          409,
          422,
          ...(method === 'PUT' || query.includes('_method') ? [500] : []),
        ]).toContain(answer.status);
      }),
      { numRuns: 500 },
    );
  });
});
