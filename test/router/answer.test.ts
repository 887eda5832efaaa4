import { describe, expect, it } from '@jest/globals';
import { outcomes } from '../../src/domain/outcome.ts';
import type { Execution } from '../../src/executions/execution.ts';
import { answerExecution } from '../../src/router/answer.ts';

const item = (state: Execution['items'][number]['state'], message = ''): Execution['items'][number] => ({
  target: '1a5/hosts',
  state,
  message,
});
const execution = (fields: Partial<Execution>): Execution => ({
  id: 'id',
  projectId: '1a5',
  receiverId: '1go1',
  receiverName: 'hosts',
  driver: 'scaleHost',
  format: 'generic',
  reason: 'called',
  state: 'finished',
  message: 'told',
  acceptedAt: '2026-11-28T00:00:00.000Z',
  items: [item('finished')],
  attempts: [],
  ...fields,
});
const answer = (fields: Partial<Execution>, isDuplicate = false) =>
  answerExecution({ execution: execution(fields), isDuplicate });

describe('router/answer', () => {
  it('answers 200 only where nothing more will happen and nothing went wrong, repeated or not', () => {
    const good = new Set(['scaled', 'unchanged', 'cooling-down', 'ignored', 'duplicate']);

    for (const outcome of outcomes)
      for (const isDuplicate of [false, true]) {
        const { status } = answer({ outcome, ...(outcome === 'failed' ? { code: 'HOST_FAILED' } : {}) }, isDuplicate);
        expect({ outcome, isOk: status === 200 }).toEqual({ outcome, isOk: good.has(outcome) });
      }
    expect(answer({ outcome: 'partial' })).toMatchObject({ status: 409, body: { code: 'PARTIAL' } });
  });

  it.each([
    ['nothing has begun', 'waiting', [item('waiting')], 'stored; it will be carried out'],
    ['one target', 'under-way', [item('under-way', 'being made: web-2')], 'stored and under way: being made: web-2'],
    [
      'several targets',
      'under-way',
      [item('under-way'), item('finished'), item('waiting')],
      'stored and under way: 2 of 3 have begun',
    ],
  ] as const)('answers 202 and says how far it has come: %s', (_case, state, items, message) => {
    expect(answer({ state, items })).toMatchObject({ status: 202, body: { state, message } });
  });
});
