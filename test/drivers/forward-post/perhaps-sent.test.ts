import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { forwardPost } from '../../../src/drivers/forward-post.ts';
import type { Submission } from '../../../src/executions/submission.ts';
import { startContainer, type Container } from '../../support/container.ts';
import { startBench, type Bench, type Replica } from '../../support/executions-under-test.ts';
import { forwarder, sealingWith } from '../support/forwarder.ts';

describe('drivers/forward-post: a body that was delivered before its service died', () => {
  const drivers = forwarder(sealingWith(randomBytes(32)));
  let bench: Bench;
  let container: Container;
  let pipeline: string;
  const submission = (): Submission => ({
    projectId: '1a5',
    receiverId: '1go1',
    receiverName: 'forward',
    driver: 'forwardPost',
    config: forwardPost.Config.parse({ serviceName: 'pipeline', port: container.port, path: '/hooks' }),
    format: 'generic',
    signal: { says: 'fire', reason: 'called', dedupeKey: 'build-7' },
    repeatAfterSeconds: 600,
    idempotencyKey: undefined,
    body: Buffer.from('{}'),
    wait: 'respond-async',
  });

  beforeEach(async () => {
    bench = await startBench({ readLatencyMs: 0, writeLatencyMs: 0 });
    container = await startContainer();
    pipeline = bench.sandbox.addService({ projectId: '1a5', name: 'pipeline', instanceAddress: '127.0.0.1' });
  });
  afterEach(async () => {
    await bench.close();
    await container.close();
  });

  type Options = Parameters<Bench['addReplica']>[0];
  /** Delivers a body and dies with the container's answer in hand; what comes back is a replica on the same file. */
  async function dieBehindTheCall(
    sendWithinMs: number,
  ): Promise<{ readonly id: string; readonly comeBack: (options?: Options) => Promise<Replica> }> {
    const file = join(bench.directory, 'one.sqlite');
    const dying = await bench.addReplica({
      file,
      drivers,
      // It looks at its own change again only long after it is closed.
      timing: { sendWithinMs, retryFirstMs: 60_000, retryLongestMs: 60_000 },
      reached(step) {
        if (step === 'replied') throw new Error('dies');
      },
    });
    const { execution } = await dying.executions.submit(submission());
    while (container.received.length === 0) await pause(5);
    await dying.close();
    return { id: execution.id, comeBack: (options) => bench.addReplica({ file, drivers, ...options }) };
  }

  it('may have arrived, says the execution that ends because it is too late to send it again', async () => {
    const { id, comeBack } = await dieBehindTheCall(300);
    await pause(350);

    const replica = await comeBack();
    const ended = await replica.ended(id);

    expect(ended).toMatchObject({ outcome: 'failed', code: 'DEADLINE_EXCEEDED', applied: 'unknown' });
    expect(ended.message).toContain('may have arrived');
    expect(ended.message).not.toContain('nothing was sent');
    expect(ended.items).toMatchObject([{ applied: 'unknown', message: ended.message }]);
    // The same event told again is no new one: it may have counted.
    const repeated = await replica.executions.submit({ ...submission(), wait: 'applied' });
    expect(repeated).toMatchObject({ isDuplicate: true, execution: { id } });
    expect(container.received).toHaveLength(1);
  });

  it('may have arrived, says the execution whose receiver is gone when the service is back', async () => {
    const { id, comeBack } = await dieBehindTheCall(20_000);

    const replica = await comeBack({ isLive: async () => false, timing: { askAgainAfterMs: 0 } });
    const ended = await replica.ended(id);

    expect(ended).toMatchObject({ outcome: 'failed', code: 'RECEIVER_NOT_FOUND', applied: 'unknown' });
    expect(ended.message).toContain('may have arrived');
    expect(ended.message).not.toContain('nothing was sent');
  });

  it('may have arrived, though the container refuses the repetition', async () => {
    const { id, comeBack } = await dieBehindTheCall(20_000);
    container.answer = { status: 409 };

    const ended = await (await comeBack()).ended(id);

    expect(container.received).toHaveLength(2);
    expect(ended).toMatchObject({ outcome: 'failed', code: 'FORWARD_FAILED', applied: 'unknown' });
    expect(ended.message).toMatch(/answered 409; .*may have arrived/);
  });

  it('may have arrived, though the service is not found any more', async () => {
    const { id, comeBack } = await dieBehindTheCall(20_000);
    await bench.connect().services.remove(pipeline);

    const ended = await (await comeBack()).ended(id);

    expect(ended).toMatchObject({ outcome: 'failed', code: 'TARGET_NOT_FOUND', applied: 'unknown' });
    expect(ended.message).toContain('may have arrived');
  });

  it('is under way while it waits to be sent again, and cannot be cancelled as not begun', async () => {
    const { id, comeBack } = await dieBehindTheCall(20_000);
    const gone = container.port;
    await container.close();
    const replica = await comeBack();
    const refusal = async (): Promise<unknown> => {
      for (;;) {
        const execution = await replica.executions.find('1a5', id);
        // Dropped out of doubt, and refused by the closed port since.
        if ((execution?.attempts ?? []).some(({ code }) => code === 'FORWARD_FAILED')) return execution;
        await pause(5);
      }
    };

    expect(await refusal()).toMatchObject({ state: 'under-way' });
    await expect(replica.executions.cancel('1a5', id)).rejects.toMatchObject({
      code: 'ACTION_NOT_AVAILABLE',
      message: expect.stringContaining('is under way') as unknown,
    });
    container = await startContainer(Number(gone));
    expect(await replica.ended(id)).toMatchObject({ outcome: 'scaled' });
    expect(container.received).toHaveLength(1);
  });
});
