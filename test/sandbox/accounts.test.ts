import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf } from './caller.ts';

describe('sandbox/accounts', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
  });
  afterAll(() => sandbox.close());

  it('knows the key that the documentation names', async () => {
    const answer = await callerOf(sandbox.url, { accessKey: 'sandbox', secretKey: 'sandbox-secret' })(
      '/v2-beta/projects/1a5',
    );

    expect(answer).toMatchObject({ status: 200, json: { id: '1a5', type: 'project' } });
    expect(answer.header('x-api-account-kind')).toBe('project');
    expect(answer.header('x-api-account-id')).toBe('1a5');
  });

  it.each([
    ['project', ['GET', 'POST']],
    ['owner', ['GET', 'POST']],
    ['member', ['GET', 'POST']],
    ['restricted', ['GET']],
    ['environment', ['GET']],
    ['readonly', ['GET']],
  ] as const)('lets %s make hosts or not: %j', async (role, methods) => {
    const call = callerOf(sandbox.url, sandbox.project.keys[role]);

    const schema = await call('/v2-beta/projects/1a5/schemas/host');
    const made = await call('/v2-beta/projects/1a5/hosts', { method: 'POST', body: { hostname: 'x' } });

    expect(schema.json['collectionMethods']).toEqual(methods);
    expect(made.status).toBe((methods as readonly string[]).includes('POST') ? 422 : 405);
  });

  it('gives an agent’s key that mints a key one that may make hosts, until it is deactivated', async () => {
    const agent = callerOf(sandbox.url, sandbox.project.keys.environment);

    const minted = await agent('/v2-beta/projects/1a5/apikeys', { method: 'POST', body: { name: 'minted' } });
    const call = callerOf(sandbox.url, {
      accessKey: String(minted.json['publicValue']),
      secretKey: String(minted.json['secretValue']),
    });
    const schema = await call('/v2-beta/projects/1a5/schemas/host');
    await agent(`/v2-beta/projects/1a5/apikeys/${String(minted.json['id'])}?action=deactivate`, {
      method: 'POST',
      body: {},
    });

    expect(minted.status).toBe(201);
    expect(schema.header('x-api-account-kind')).toBe('project');
    expect(schema.json['collectionMethods']).toContain('POST');
    await expect(call('/v2-beta')).resolves.toMatchObject({ status: 401 });
  });

  it('takes a project from the path before the header, and the header before the query', async () => {
    const admin = callerOf(sandbox.url, sandbox.adminKey);
    const accountOf = async (path: string, header?: string): Promise<string | null> =>
      (await admin(path, header === undefined ? {} : { headers: { 'X-API-Project-Id': header } })).header(
        'x-api-account-id',
      );

    expect(await accountOf('/v2-beta/services?projectId=1a7')).toBe('1a7');
    expect(await accountOf('/v2-beta/services?projectId=1a7', '1a5')).toBe('1a5');
    expect(await accountOf('/v2-beta/projects/1a7/services?projectId=1a5', '1a5')).toBe('1a7');
    expect(await accountOf('/v2-beta/services')).toBe('1a1');
  });

  it('takes everybody for the anonymous admin when access control is off, except known keys', async () => {
    const open = await startSandbox({ accessControl: 'off', readLatencyMs: 0 });
    try {
      const kindOf = async (key: { accessKey: string; secretKey: string } | undefined): Promise<string | null> =>
        (await callerOf(open.url, key)('/v2-beta/projects/1a5/services')).header('x-api-account-kind');

      expect(await kindOf(undefined)).toBe('admin');
      expect(await kindOf({ accessKey: 'wrong', secretKey: 'wrong' })).toBe('admin');
      expect(await kindOf(open.project.keys.readonly)).toBe('user');
    } finally {
      await open.close();
    }
  });
});
