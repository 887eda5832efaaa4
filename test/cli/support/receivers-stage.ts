import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { inMemoryReceivers, startFakeServer, type FakeServer } from './fake-service.ts';
import { runCli, type CliResult } from './run-cli.ts';

/** A receiver as the service shows it. */
export const webappUp = {
  id: '1go1',
  name: 'webapp-up',
  driver: 'scaleService',
  scaleServiceConfig: {
    type: 'scaleService',
    serviceId: '1s7',
    action: 'up',
    amount: 1,
    min: 1,
    max: 10,
    onLimit: 'reject',
  },
};

/** A service that holds `webappUp`, and the commands `receivers …` that speak to it. */
export interface ReceiversStage {
  readonly service: FakeServer;
  /** What it holds, to be looked at and changed. */
  readonly stored: Record<string, unknown>[];
  /** Where `file` writes. */
  readonly directory: string;
  readonly run: (...args: string[]) => Promise<CliResult>;
  /** Writes `receivers.yml` and answers its path. */
  readonly file: (text: string | Uint8Array) => string;
  /** What was asked of the service beside reading, as `PUT /receivers/1go1`. */
  readonly writes: () => readonly string[];
}

/** Sets the stage anew for each test of the suite that is being described. */
export function useReceiversStage(environment?: Record<string, string>): ReceiversStage {
  let directory: string;
  let service: FakeServer;
  let stored: Record<string, unknown>[];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'receivers-test-'));
    stored = [structuredClone(webappUp)];
    service = await startFakeServer(inMemoryReceivers(stored));
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await service.close();
  });
  return {
    get service() {
      return service;
    },
    get stored() {
      return stored;
    },
    get directory() {
      return directory;
    },
    run: (...args) =>
      runCli(['receivers', ...args, '--url', service.url, '--project', '1a5'], environment && { environment }),
    file(text) {
      const path = join(directory, 'receivers.yml');
      writeFileSync(path, text);
      return path;
    },
    writes: () =>
      service.calls
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path, query }) => `${method} ${path}${query['action'] ? `?action=${query['action']}` : ''}`),
  };
}
