import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fetch from 'node-fetch';
import { stringify } from 'yaml';
import { freePort } from '../../support/free-port.ts';
import { startProgram } from './program.ts';
import { closeAll } from './stack.ts';

/** A real Prometheus with one rule, and a real Alertmanager that tells the trigger URLs of it. */
export interface Alerting {
  /** Makes the rule's condition true, or no longer so. */
  setLoad(load: 'high' | 'low'): void;
  /** How often Alertmanager has called so far, and how many of these calls failed; a call that is made again counts again. */
  calls(): Promise<{ readonly made: number; readonly failed: number }>;
  close(): Promise<void>;
}

/** Everything as often as these programs allow: scraped and decided each second, and told again each second. */
export async function startAlerting(triggerUrls: readonly string[]): Promise<Alerting> {
  let load = 0;
  const metrics = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(`test_load ${String(load)}\n`);
  });
  metrics.listen(0, '127.0.0.1');
  await once(metrics, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-alerting-'));
  const closers = [
    () => rm(folder, { recursive: true, force: true }),
    async () => {
      metrics.closeAllConnections();
      metrics.close();
      await once(metrics, 'close');
    },
  ];
  const close = (): Promise<void> => closeAll(...closers.toReversed());

  try {
    const loaded = `127.0.0.1:${String((metrics.address() as AddressInfo).port)}`;
    const alertmanager = `127.0.0.1:${String(await freePort())}`;
    const prometheus = `127.0.0.1:${String(await freePort())}`;
    const writeYaml = async (name: string, content: object): Promise<string> => {
      await writeFile(join(folder, name), stringify(content));
      return join(folder, name);
    };
    const routes = await writeYaml('alertmanager.yml', {
      route: {
        receiver: 'hooks',
        group_by: ['alertname'],
        group_wait: '1s',
        group_interval: '1s',
        repeat_interval: '1s',
      },
      receivers: [{ name: 'hooks', webhook_configs: triggerUrls.map((url) => ({ url, send_resolved: true })) }],
    });
    const rules = await writeYaml('rules.yml', {
      groups: [{ name: 'load', rules: [{ alert: 'HighLoad', expr: 'test_load > 5' }] }],
    });
    const scraped = await writeYaml('prometheus.yml', {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
      scrape_configs: [{ job_name: 'load', static_configs: [{ targets: [loaded] }] }],
    });
    const sender = await startProgram({
      program: 'prometheus-alertmanager',
      debianPackage: 'prometheus-alertmanager',
      args: [
        `--config.file=${routes}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=${alertmanager}`,
        // One alone: it would look for others on all addresses.
        '--cluster.listen-address=',
      ],
      readyUrl: `http://${alertmanager}/-/ready`,
    });
    closers.push(() => sender.close());
    const watcher = await startProgram({
      program: 'prometheus',
      debianPackage: 'prometheus',
      args: [
        `--config.file=${scraped}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=${prometheus}`,
      ],
      readyUrl: `http://${prometheus}/-/ready`,
    });
    closers.push(() => watcher.close());

    return {
      setLoad: (level) => (load = level === 'high' ? 10 : 0),
      async calls() {
        const text = await (await fetch(`http://${alertmanager}/metrics`)).text();
        const count = (name: string): number => {
          const line = new RegExp(`^${name}\\{integration="webhook"\\} (\\S+)$`, 'm').exec(text);
          return Number(line?.[1]);
        };
        return {
          made: count('alertmanager_notification_requests_total'),
          failed: count('alertmanager_notification_requests_failed_total'),
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
