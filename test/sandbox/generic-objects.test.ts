import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf, until } from './caller.ts';
import { parsed, recordings, replay } from './recordings.ts';

describe('sandbox/types/generic-objects', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 20 });
  });
  afterAll(() => sandbox.close());

  it('answers a whole life as recorded, PUTs after the removal included', async () => {
    let id = '';
    for (const recorded of recordings('generic-objects').cases) {
      const awaited = recorded.answer.body?.['state'];
      if (id !== '' && (awaited === 'active' || awaited === 'removed')) {
        await until(
          () => sandbox.inspect(id)?.['state'],
          (state) => state === awaited,
        );
      }

      const answer = await replay(sandbox, recorded, [[/1go237\b/g, id]]);
      if (id === '') id = String(answer.json['id']);

      const { filters, ...expected } = recorded.answer.body ?? {};
      expect({
        recording: recorded.recording,
        status: answer.status,
        actions: Object.keys(answer.json['actions'] ?? {}),
      }).toEqual({
        recording: recorded.recording,
        status: recorded.answer.status,
        actions: recorded.answer.actions ?? [],
      });
      expect(answer.json).toMatchObject(filters === undefined ? parsed(expected, sandbox) : { data: [] });
    }
  });

  it('keeps an integer above 2^53 digit for digit', async () => {
    const call = callerOf(sandbox.url, sandbox.project.keys.project);

    const created = await call('/v2-beta/projects/1a5/genericObjects', {
      method: 'POST',
      rawBody: '{"resourceData":{"big":9007199254740993}}',
    });
    const read = await call(`/v2-beta/projects/1a5/genericObjects/${String(created.json['id'])}`);

    expect(read.text).toContain('"resourceData":{"big":9007199254740993}');
  });

  it('allows two objects with one name and one key', async () => {
    const call = callerOf(sandbox.url, sandbox.project.keys.restricted);

    for (let times = 0; times < 2; times += 1) {
      await call('/v2-beta/projects/1a5/genericobjects', {
        method: 'POST',
        body: { name: 'twin', key: 'twin', resourceData: {} },
      });
    }

    expect((await call('/v2-beta/projects/1a5/genericobjects?key=twin')).json['data']).toHaveLength(2);
  });
});
