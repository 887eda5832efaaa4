import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { makeReceiver, scaleOf, startReachableSandbox } from './support/reachable-sandbox.ts';
import { closeAll, makeSecrets, makeStack, untilAnswers } from './support/stack.ts';
import type { Stack } from './support/stack.ts';

const replicas = ['replica-1', 'replica-2', 'replica-3'];

describe('addon/compose/replicas.yml', () => {
  let sandbox: Sandbox;
  let secrets: Awaited<ReturnType<typeof makeSecrets>>;
  let stack: Stack;
  let url: string;

  beforeAll(async () => {
    sandbox = await startReachableSandbox();
    secrets = await makeSecrets(sandbox.project.keys.project);
    const port = String(await freePort());
    url = `http://127.0.0.1:${port}`;
    stack = makeStack({
      file: 'replicas.yml',
      environment: { CATTLE_URL: sandbox.url, PORT: port, SECRETS_DIR: secrets.folder },
    });
    await stack.up();
    await untilAnswers(`${url}/readyz`);
  });
  afterAll(async () => {
    await closeAll(
      () => stack?.down('remove'),
      () => secrets?.remove(),
      () => sandbox?.close(),
    );
  });

  /** Calls as a patient sender does: the same key until it is told that the trigger is stored. Answers how often it was turned away. */
  const triggerUntilAccepted = async (triggerUrl: string): Promise<number> => {
    const key = randomUUID();
    for (let refusals = 0; refusals < 200; refusals += 1) {
      try {
        const answer = await fetch(triggerUrl, {
          method: 'POST',
          headers: { 'Idempotency-Key': key },
          signal: AbortSignal.timeout(20_000),
        });
        await answer.arrayBuffer();
        if (answer.ok) return refusals;
        if (answer.status < 500) throw new Error(`the trigger was refused with ${String(answer.status)}`);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('the trigger')) throw error;
      }
      await pause(100);
    }
    throw new Error('the trigger was turned away for 20 s');
  };

  const untilScale = async (serviceId: string, expected: number): Promise<unknown> => {
    const deadlineMs = performance.now() + 20_000;
    while (scaleOf(sandbox, serviceId) !== expected && performance.now() < deadlineMs) await pause(100);
    return scaleOf(sandbox, serviceId);
  };

  /** The executions so far that did not scale, as the history tells them. */
  const endedOtherwise = async (): Promise<readonly unknown[]> => {
    const { accessKey, secretKey } = sandbox.project.keys.project;
    const answer = await fetch(`${url}/v1-webhooks/executions?projectId=1a5&limit=1000`, {
      headers: { Authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` },
    });
    const { data } = (await answer.json()) as { readonly data: readonly { readonly outcome?: string }[] };
    return data.filter(({ outcome }) => outcome !== 'scaled');
  };

  it('counts every trigger once while replicas and PostgreSQL are killed', async () => {
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'storm');
    const triggers = 120;
    const storm = Array.from({ length: triggers }, async (_, at) => {
      await pause(at * 60);
      return triggerUntilAccepted(triggerUrl);
    });
    await pause(1_500);
    await stack.kill('replica-1');
    await pause(1_000);
    await stack.kill('postgres');
    await pause(300);
    await stack.start('postgres');
    await stack.start('replica-1');
    await pause(1_000);
    await stack.kill('replica-2');
    await stack.start('replica-2');

    const refusals = await Promise.all(storm);

    expect(await untilScale(serviceId, 1 + triggers)).toBe(1 + triggers);
    process.stdout.write(
      `figure: storm of ${String(triggers)}, turned away and repeated ${String(refusals.reduce((a, b) => a + b, 0))} times\n`,
    );
  });

  it('loses no call while its three replicas are restarted one after the other', async () => {
    await untilAnswers(`${url}/readyz`);
    const { serviceId, triggerUrl } = await makeReceiver(url, sandbox, 'rolling');
    const statuses: (number | string)[] = [];
    let isOver = false;
    const caller = async (): Promise<void> => {
      while (!isOver) {
        try {
          const answer = await fetch(triggerUrl, { method: 'POST' });
          await answer.arrayBuffer();
          statuses.push(answer.status);
        } catch (error) {
          statuses.push(String(error));
        }
        await pause(25);
      }
    };
    const callers = [caller(), caller(), caller(), caller()];
    for (const replica of replicas) {
      await stack.restart(replica);
      // The load balancer looks once a second.
      await pause(2_500);
    }
    isOver = true;
    await Promise.all(callers);

    const lost = statuses.filter((status) => status !== 200 && status !== 202);
    process.stdout.write(`figure: rolling restart, ${String(statuses.length)} calls, ${String(lost.length)} lost\n`);
    expect(lost).toEqual([]);
    await untilScale(serviceId, 1 + statuses.length);
    // What is not `scaled` says why in its message; without it a wrong sum says nothing.
    expect(await endedOtherwise()).toEqual([]);
    expect(scaleOf(sandbox, serviceId)).toBe(1 + statuses.length);
  });

  it('shows its metrics inside its own network only', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it('writes no secret into any log', async () => {
    const logs = await stack.logs();
    expect(logs).toContain('receiver hooks are listening');
    for (const secret of secrets.all) expect(logs).not.toContain(secret);
  });
});
