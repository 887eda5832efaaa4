import { connectRancher } from '../../../src/rancher/server.ts';
import type { Rancher } from '../../../src/rancher/rancher.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';

/** A sandbox that answers at once, and a client of its project 1a5. */
export interface QuickRancher {
  readonly sandbox: Sandbox;
  readonly rancher: Rancher;
  readonly close: () => Promise<void>;
}

export async function startQuickRancher(): Promise<QuickRancher> {
  const sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0 });
  const server = connectRancher({ url: sandbox.url, credentials: sandbox.project.keys.project });
  return {
    sandbox,
    rancher: server.project('1a5'),
    async close() {
      await server.close();
      await sandbox.close();
    },
  };
}
