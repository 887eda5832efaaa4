import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** What the bench asks of the process that is its Rancher; `rancher-process.ts` asks. */
export type RancherQuestion =
  | { readonly ask: 'place-service'; readonly name: string; readonly scale: number; readonly projectId: string }
  | { readonly ask: 'place-receivers'; readonly projectId: string; readonly receivers: readonly PlacedReceiver[] }
  | { readonly ask: 'scale'; readonly serviceId: string }
  | { readonly ask: 'calls'; readonly projectId: string };

/** A scaleService receiver as the old service stores it, under a key of the bench's own. */
export interface PlacedReceiver {
  readonly name: string;
  readonly key: string;
  readonly serviceId: string;
  readonly action: 'up' | 'down';
}

/** What the process tells once it is listening. */
export interface RancherIsUp {
  readonly url: string;
  readonly projects: readonly {
    readonly projectId: string;
    readonly accessKey: string;
    readonly secretKey: string;
  }[];
}

/** Runs the sandbox with the latencies of a real Rancher (GET 1.3 ms, PUT 6.5 ms) and answers the bench until it hangs up. */
export async function runRancher(): Promise<void> {
  const sandbox = await startSandbox({ callLogLimit: 1_000_000 });
  const projects = [sandbox.project, sandbox.otherProject].map(({ projectId, keys }) => ({
    projectId,
    ...keys.project,
  }));
  process.on('message', ({ id, question }: { readonly id: number; readonly question: RancherQuestion }) => {
    process.send?.({ id, answer: answer(sandbox, question) });
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0, answer: { url: sandbox.url, projects } satisfies RancherIsUp });
}

function answer(sandbox: Sandbox, question: RancherQuestion): string | number {
  switch (question.ask) {
    case 'place-service': {
      const { name, scale, projectId } = question;
      return sandbox.addService({ projectId, name, scale });
    }
    case 'place-receivers': {
      for (const receiver of question.receivers) placeReceiver(sandbox, question.projectId, receiver);
      return question.receivers.length;
    }
    case 'scale':
      return Number(sandbox.inspect(question.serviceId)?.['scale']);
    case 'calls':
      return sandbox.calls.list().filter((call) => isOfProject(call, question.projectId) && !isHeartbeat(call)).length;
  }
}

interface Called {
  readonly method: string;
  readonly path: string;
}

function isOfProject({ path }: Called, projectId: string): boolean {
  return path.includes(`/projects/${projectId}/`);
}

/** An installation shows that it lives every 30 s, whatever is triggered. */
function isHeartbeat({ method, path }: Called): boolean {
  return path.includes('receiverHooksInstallation') || (method === 'PUT' && path.includes('/genericobjects/'));
}

function placeReceiver(sandbox: Sandbox, projectId: string, { name, key, serviceId, action }: PlacedReceiver): void {
  const config = { type: 'scaleService', serviceId, action, amount: 1, min: 1, max: 100_000 };
  const resourceData = { url: '', driver: 'scaleService', config };
  sandbox.addGenericObject({ projectId, kind: 'webhookReceiver', name, key, resourceData });
}
