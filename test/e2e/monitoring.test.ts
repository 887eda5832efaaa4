import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../src/observability/metrics.ts';
import { makeStack } from './support/stack.ts';

const folder = fileURLToPath(new URL('../../addon/monitoring/', import.meta.url));
const read = (path: string): string => readFileSync(`${folder}${path}`, 'utf8');
const promtool = async (...args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)('promtool', args, { cwd: folder });
  return `${stdout}${stderr}`;
};

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string };
}
const rules = (): readonly Rule[] =>
  (parse(read('rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

/** Names of our metrics in an expression, without what a histogram or counter adds. */
const ourMetrics = (text: string): readonly string[] =>
  [...text.matchAll(/receiver_hooks_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));

async function servedMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics('0', {
    unfinished: async () => ({ count: 0 }),
    receivers: async () => ({ active: 0, paused: 0, unusable: 0 }),
    checks: async () => [],
  });
  const text = await metrics.read();
  return new Set([...text.matchAll(/^# TYPE (receiver_hooks_\w+)/gm)].map(([, name = '']) => name));
}

describe('addon/monitoring', () => {
  it('has rules and a configuration that Prometheus takes', async () => {
    expect(await promtool('check', 'rules', 'rules.yml')).toContain('SUCCESS');
    expect(await promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
  });

  it('raises each alert when it should, and not before', async () => {
    expect(await promtool('test', 'rules', 'rules.test.yml')).toContain('SUCCESS');
  });

  it('asks only for metrics that are served', async () => {
    const served = await servedMetrics();
    const asked = new Set([
      ...ourMetrics(read('rules.yml')),
      ...ourMetrics(read('grafana/dashboards/receiver-hooks.json')),
    ]);
    expect([...asked].filter((name) => !served.has(name))).toEqual([]);
    expect([...served].filter((name) => !asked.has(name))).toEqual([]);
  });

  it('links every alert to its section of the runbook', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title.toLowerCase());
    for (const { alert, annotations } of rules()) {
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(sections).toContain(alert.toLowerCase());
    }
  });

  it('is a stack that docker-compose takes beside the others', async () => {
    const environment = { GRAFANA_PASSWORD: 'x', SECRETS_DIR: folder };
    for (const other of ['rancher.yml', 'replicas.yml']) {
      const services = await makeStack({ file: [other, 'monitoring.yml'], environment }).services();
      expect(services).toEqual(expect.arrayContaining(['prometheus', 'alertmanager', 'grafana']));
    }
  });
});
