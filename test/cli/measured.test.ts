import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import { readServeConfig } from '../../src/config/read-config.ts';
import { createDemoReceivers, createDemoService } from '../../src/cli/demo.ts';
import type { DemoReceivers } from '../../src/cli/demo.ts';
import type { RunningSandbox, RunningService } from '../../src/cli/running-service.ts';
import { startService } from '../../src/cli/service.ts';
import { startDemoSandbox } from '../../src/cli/started-sandbox.ts';

describe('cli/measured', () => {
  let directory: string;
  let sandbox: RunningSandbox;
  let service: RunningService;
  let receivers: DemoReceivers;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'receiver-hooks-measured-'));
    sandbox = await startDemoSandbox({ port: 0 });
    const config = readServeConfig({
      CATTLE_URL: sandbox.url,
      CATTLE_ACCESS_KEY: sandbox.accessKey,
      CATTLE_SECRET_KEY: sandbox.secretKey,
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: directory,
      LOG_LEVEL: 'error',
    });
    service = await startService(config);
    receivers = await createDemoReceivers(service, sandbox, await createDemoService(sandbox));
  });
  afterAll(async () => {
    await service.close();
    await sandbox.close();
    await rm(directory, { recursive: true });
  });

  const call = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(url, { method: 'POST', headers })).status;
  const scrape = async (): Promise<string> => await (await fetch(`${service.url}/metrics`)).text();

  it('counts what triggers came to, how long they took and what they cost at Rancher', async () => {
    const key = { 'Idempotency-Key': 'once' };
    expect(await call(receivers.upUrl, key)).toBe(200);
    expect(await call(receivers.upUrl, key)).toBe(200);
    expect(await call(receivers.upUrl.replace('key=', 'key=wrong'))).toBe(403);

    const text = await scrape();

    expect(text).toContain('triggers_total{driver="scaleService",format="generic",outcome="scaled"} 1');
    expect(text).toContain('triggers_total{driver="scaleService",format="generic",outcome="duplicate"} 1');
    expect(text).toContain('triggers_refused_total{code="RECEIVER_NOT_FOUND"} 1');
    expect(text).toContain('execution_seconds_count{outcome="scaled"} 1');
    expect(text).toContain('attempts_total{result="done"} 1');
    expect(text).toContain('lane_depth_count 1');
    expect(text).toContain('rancher_call_seconds_count{operation="update service",code="ok"} 1');
    expect(text).toContain('receiver_hooks_unfinished_executions 0');
    expect(text).toContain('oldest_unfinished_execution_seconds 0');
    expect(text).toContain('receiver_hooks_receivers{state="active"} 2');
    expect(text).toContain('receiver_hooks_check_ok{check="store"} 1');
  });

  it('names no receiver, key, address or project', async () => {
    await call(receivers.downUrl);
    const text = await scrape();
    for (const secret of [...receivers.upUrl.matchAll(/key=(\w+)/g)].map(([, key]) => key)) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/webapp|1a5|127\.0\.0\.1|sandbox/);
  });
});
