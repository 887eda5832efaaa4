import { afterEach, describe, expect, it } from '@jest/globals';
import fetch from 'node-fetch';
import type { MetricSources } from '../../src/observability/metrics.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';

const sources: MetricSources = {
  unfinished: async () => ({ count: 3, oldestAgeMs: 2_500 }),
  receivers: async () => ({ active: 2, paused: 1, unusable: 0 }),
  checks: async () => [
    { name: 'store', state: 'ok' },
    { name: 'rancher', state: 'failed' },
  ],
};

describe('observability/metrics', () => {
  let api: RunningApi | undefined;
  afterEach(async () => {
    await api?.close();
    api = undefined;
  });

  it('tells what happened and what is asked for at the scrape', async () => {
    const metrics = createMetrics('1.2.3', sources);
    metrics.triggered({ driver: 'scaleService', format: 'generic', outcome: 'scaled' });
    metrics.refused('RECEIVER_NOT_FOUND');
    metrics.executionEnded('scaled', 0.02);
    metrics.attempted('done');
    metrics.roundOpened({ waitedMs: [1, 200] });
    metrics.rancherCalled({ operation: 'update service', code: 'ok', ms: 7 });

    const text = await metrics.read();

    expect(text).toContain(`receiver_hooks_build_info{version="1.2.3",node="${process.version}"} 1`);
    expect(text).toContain('receiver_hooks_triggers_total{driver="scaleService",format="generic",outcome="scaled"} 1');
    expect(text).toContain('receiver_hooks_triggers_refused_total{code="RECEIVER_NOT_FOUND"} 1');
    expect(text).toContain('receiver_hooks_execution_seconds_sum{outcome="scaled"} 0.02');
    expect(text).toContain('receiver_hooks_attempts_total{result="done"} 1');
    expect(text).toContain('receiver_hooks_lane_depth_sum 2');
    expect(text).toContain('receiver_hooks_lane_wait_seconds_count 2');
    expect(text).toContain('receiver_hooks_rancher_call_seconds_count{operation="update service",code="ok"} 1');
    expect(text).toContain('receiver_hooks_oldest_unfinished_execution_seconds 2.5');
    expect(text).toContain('receiver_hooks_unfinished_executions 3');
    expect(text).toContain('receiver_hooks_receivers{state="paused"} 1');
    expect(text).toContain('receiver_hooks_check_ok{check="rancher"} 0');
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('leaves out a figure that cannot be had, and says the others', async () => {
    const lost = async (): Promise<never> => {
      throw new Error('gone');
    };
    const metrics = createMetrics('1.2.3', { ...sources, unfinished: lost, receivers: lost });

    const text = await metrics.read();

    expect(text).not.toMatch(/^receiver_hooks_(unfinished|oldest|receivers)\S* /m);
    expect(text).toContain('receiver_hooks_check_ok{check="store"} 1');
  });

  it('is a registry of its own for every service of a process', async () => {
    const first = createMetrics('1.2.3', sources);
    const second = createMetrics('1.2.3', sources);
    first.attempted('failed');
    expect(await second.read()).not.toContain('attempts_total{');
  });

  it('is served at /metrics as Prometheus reads it', async () => {
    const metrics = createMetrics('1.2.3', sources);
    api = await startApi({ parts: { metrics } });
    const answer = await fetch(`${api.url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('receiver_hooks_build_info');
  });
});
