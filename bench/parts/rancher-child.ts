import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** What the bench asks of the process that is its Rancher; `rancher-process.ts` asks. */
export type RancherQuestion =
  | ({ readonly ask: 'place-service' } & PlacedBenchService)
  | ({ readonly ask: 'place-machine' } & PlacedBenchMachine)
  | { readonly ask: 'place-receivers'; readonly projectId: string; readonly receivers: readonly PlacedReceiver[] }
  | { readonly ask: 'scale'; readonly serviceId: string }
  | { readonly ask: 'calls'; readonly projectId: string }
  | { readonly ask: 'images'; readonly serviceIds: readonly string[] }
  | { readonly ask: 'hosts'; readonly projectId: string }
  | { readonly ask: 'calls-at-once' }
  | { readonly ask: 'forget-calls' }
  | { readonly ask: 'log' };

export interface PlacedBenchService {
  readonly projectId: string;
  readonly name: string;
  readonly scale: number;
  readonly launchConfig?: object;
}

/** A machine host that was made long ago, and the template that holds the secrets of its driver. */
export interface PlacedBenchMachine {
  readonly projectId: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: object;
  readonly secrets: object;
}

/** A host that is not removed. */
export interface SeenHost {
  readonly hostname: string;
  readonly state: string;
}

/** A call that was received since the log was last forgotten. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

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

function answer(sandbox: Sandbox, question: RancherQuestion): unknown {
  switch (question.ask) {
    case 'place-service': {
      const { ask: _ask, ...service } = question;
      return sandbox.addService(service);
    }
    case 'place-machine':
      placeMachine(sandbox, question);
      return undefined;
    case 'place-receivers': {
      for (const receiver of question.receivers) placeReceiver(sandbox, question.projectId, receiver);
      return question.receivers.length;
    }
    case 'scale':
      return Number(sandbox.inspect(question.serviceId)?.['scale']);
    case 'calls':
      return sandbox.calls.list().filter((call) => isOfProject(call, question.projectId) && !isHeartbeat(call)).length;
    case 'images':
      return question.serviceIds.map((id) => seeImage(sandbox, id));
    case 'hosts':
      return seeHosts(sandbox, question.projectId);
    case 'calls-at-once':
      return sandbox.calls.mostAtOnce();
    case 'forget-calls':
      sandbox.calls.clear();
      return undefined;
    case 'log':
      return sandbox.calls.list().map(({ method, path, at }): SeenCall => ({ method, path, atMs: at }));
  }
}

function seeImage(sandbox: Sandbox, serviceId: string): string {
  const { state, launchConfig } = sandbox.inspect(serviceId) as { state: string; launchConfig: { imageUuid: string } };
  return `${state} ${launchConfig.imageUuid}`;
}

function placeMachine(sandbox: Sandbox, { projectId, hostname, labels, config, secrets }: PlacedBenchMachine): void {
  sandbox.addMachine({ projectId, hostname, labels, config: { ...config, ...secrets } });
  sandbox.addHostTemplate({ projectId, driver: 'aliyunecs', secretValues: { aliyunecsConfig: secrets } });
}

function seeHosts(sandbox: Sandbox, projectId: string): readonly SeenHost[] {
  const hosts: SeenHost[] = [];
  for (let number = 1; ; number += 1) {
    const host = sandbox.inspect(`1h${String(number)}`);
    if (host === undefined) return hosts;
    const { accountId, removed, hostname, state } = host;
    if (accountId === projectId && removed === null && typeof hostname === 'string')
      hosts.push({ hostname, state: String(state) });
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
