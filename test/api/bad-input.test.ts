import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/http-client.ts';
import { callers, paths } from './support/bad-callers.ts';
import { openScene, scene } from './support/bad-input-scene.ts';
import { changes, projects } from './support/bad-requests.ts';
import { bodies, settings } from './support/bad-settings.ts';
import { triggers } from './support/bad-triggers.ts';

beforeAll(openScene);

afterAll(async () => {
  await scene.api.close();
});

/** Everything a request could have changed. */
async function stored(): Promise<unknown> {
  const read = async (projectId: string): Promise<unknown> => {
    const rancher = scene.api.rancherServer.project(projectId);
    return [await rancher.genericObjects.list(), await rancher.services.list()];
  };
  return [await read('1a5'), await read('1a7')];
}

describe('api: bad input', () => {
  it.each(
    [...settings, ...bodies, ...projects, ...changes, ...triggers, ...callers, ...paths].map(
      (input) => [input.name, input] as const,
    ),
  )('%s', async (_name, { request, status, code, fieldName, message }) => {
    const before = await stored();

    const answer = await call(scene.api.url, request());

    expect(answer).toMatchObject({
      status,
      body: { type: 'error', status, statusCode: status, code },
    });
    // What is wrong stands in one field, and what to do about it in the other.
    const { message: wrong, detail } = answer.body as { readonly message: string; readonly detail: string | null };
    expect(detail === null ? wrong : `${wrong}; ${detail}`).toMatch(message);
    if (fieldName !== undefined) expect(answer.body['fieldName']).toBe(fieldName);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.text).not.toContain(new URL(scene.api.sandbox.url).host);
    expect('traceId' in answer.body).toBe(status >= 500);
    expect(await stored()).toEqual(before);
  });
});
