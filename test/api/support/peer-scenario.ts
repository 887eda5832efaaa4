import type { StoredReceiver } from '../../../src/receivers/stored-receiver.ts';
import { call } from '../../support/http-client.ts';
import type { PlainAnswer } from '../../support/http-client.ts';
import type { RunningApi } from '../../support/running-api.ts';
import type { PeerCase } from './compatibility-table.ts';

const recordedBase = 'http://127.0.0.1:8185';
const recordedProject = '1a21';
const recordedService = '1s125';
const projectId = '1a5';

/** How a recorded trigger is set up: the service's scale before, and which receiver is called. */
interface TriggerSetUp {
  readonly scale: number;
  readonly action: 'up' | 'down';
  readonly before?: 'revoked' | 'service removed';
}

const triggerSetUps: Readonly<Record<string, TriggerSetUp>> = {
  'execute ok (2 -> 3)': { scale: 2, action: 'up' },
  'above max': { scale: 3, action: 'up' },
  'below min': { scale: 1, action: 'down' },
  'trailing slash ok (1 -> 2)': { scale: 1, action: 'up' },
  'key and projectId as a form body': { scale: 1, action: 'up' },
  'service was removed': { scale: 1, action: 'up', before: 'service removed' },
  'revoked key': { scale: 1, action: 'up', before: 'revoked' },
  'revoked key, at once after delete': { scale: 1, action: 'up', before: 'revoked' },
};

/** Triggers of host receivers whose label no host has; the action by the recorded case. */
const hostTriggers: Readonly<Record<string, 'up' | 'down'>> = {
  'scaleHost up: no host has the label': 'up',
  'scaleHost down: no host has the label': 'down',
};

/** What a trigger was to do to the scale of its service, and what it did. */
interface ScaleSeen {
  readonly expected: number;
  readonly after: number;
}

export interface Played {
  readonly answer: PlainAnswer;
  /** Absent where no service was set up, or it is gone. */
  readonly scale?: ScaleSeen;
}

/** Triggers of upgrade receivers: which of a registry's bodies they read. */
function payloadFormatOf(recordedCase: string): 'dockerhub' | 'alicloud' | undefined {
  if (recordedCase.startsWith('alicloud: ')) return 'alicloud';
  return recordedCase.startsWith('upgrade: ') ? 'dockerhub' : undefined;
}

/** Plays recorded requests against our service, in the recorded order, with our ids in the place of the recorded ones. */
export class PeerScenario {
  readonly #api: RunningApi;
  readonly #ids = new Map<string, string>();
  #serviceId: string;
  #made = 0;
  /** The service of the last trigger that was set up. */
  #triggered = '';

  constructor(api: RunningApi) {
    this.#api = api;
    this.#serviceId = api.sandbox.addService({ projectId, scale: 2 });
  }

  async play(file: string, recorded: PeerCase): Promise<Played> {
    const setUp = file === 'execute' ? triggerSetUps[recorded.case] : undefined;
    const removed = recorded.case === 'service was removed' && file === 'create-errors';
    const livingId = this.#serviceId;
    if (removed) {
      this.#serviceId = this.#api.sandbox.addService({ projectId });
      await this.#removeService(this.#serviceId);
    }
    const key = file === 'execute' ? await this.#keyFor(recorded.case, setUp) : 'x'.repeat(40);
    if (recorded.case === 'delete, trailing slash') await this.#makeInPlaceOf('1go142');
    const { request } = recorded;
    const isBodyText = typeof request.body === 'string';
    const body =
      request.body === undefined
        ? undefined
        : this.#ours(isBodyText ? request.body : JSON.stringify(request.body), key);
    const answer = await call(this.#api.url, {
      method: request.method,
      path: this.#ours(request.path, key),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'x-api-project-id':
          new URLSearchParams(request.path.split('?')[1]).get('projectId')?.replace(recordedProject, projectId) ??
          projectId,
        'x-api-roles': 'v1-owner',
        ...request.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    this.#serviceId = livingId;
    const recordedId = recorded.response.body?.['id'];
    if (file === 'create' && answer.status === 200 && typeof recordedId === 'string') {
      this.#ids.set(recordedId, String(answer.body['id']));
    }
    const scale = setUp === undefined ? undefined : this.#scaleAfter(setUp, recorded.response.status);
    return { answer, ...(scale === undefined ? {} : { scale }) };
  }

  /** Whether the receiver of this recorded id was made here, too. */
  hasMade(recordedId: string): boolean {
    return this.#ids.has(recordedId);
  }

  /** A recorded or given text in which both sides' addresses, ids and keys are written alike. */
  alike(text: string): string {
    let written = text
      .replaceAll(this.#api.url, 'BASE')
      .replaceAll(recordedBase, 'BASE')
      .replaceAll(`projectId=${recordedProject}`, `projectId=${projectId}`)
      .replaceAll(/key=(?:<KEY40>|[A-Za-z0-9]{40})/g, 'key=KEY')
      .replaceAll(/\b(?:1s125|1s[0-9]+)\b(?!a)/g, (id) => (id === '1s99999' ? id : 'SERVICE'));
    for (const [recordedId, ourId] of this.#ids) {
      written = written.replaceAll(new RegExp(`\\b${ourId}\\b`, 'g'), recordedId);
    }
    return written;
  }

  #ours(text: string, key: string): string {
    let ours = text
      .replaceAll('<KEY40>', key)
      .replaceAll(recordedProject, projectId)
      .replaceAll(new RegExp(`\\b${recordedService}\\b`, 'g'), this.#serviceId);
    for (const [recordedId, ourId] of this.#ids) ours = ours.replaceAll(recordedId, ourId);
    return ours;
  }

  /** A receiver of a driver that is not there yet: any other will do to see how its route behaves. */
  async #makeInPlaceOf(recordedId: string): Promise<void> {
    if (this.#ids.has(recordedId)) return;
    const { id } = await this.#makeReceiver(this.#api.sandbox.addService({ projectId }), 'up');
    this.#ids.set(recordedId, id);
  }

  async #keyFor(recordedCase: string, setUp: TriggerSetUp | undefined): Promise<string> {
    const hostAction = hostTriggers[recordedCase];
    const payloadFormat = payloadFormatOf(recordedCase);
    if (hostAction !== undefined) return this.#makeHostReceiver(hostAction);
    if (recordedCase.startsWith('forwardPost')) return this.#placeForwarder();
    if (payloadFormat !== undefined) return this.#makeUpgradeReceiver(payloadFormat);
    return setUp === undefined ? 'x'.repeat(40) : this.#prepare(setUp);
  }

  async #makeUpgradeReceiver(payloadFormat: 'dockerhub' | 'alicloud'): Promise<string> {
    const { key } = await this.#make('serviceUpgrade', {
      type: 'serviceUpgrade',
      serviceSelector: { app: 'nomatch' },
      tag: payloadFormat === 'alicloud' ? 'v1' : 'latest',
      tagMatch: 'exact',
      payloadFormat,
      addressType: 'registry',
      batchSize: 1,
      intervalMillis: 2,
      startFirst: false,
      matchImage: true,
      onFailure: 'leave',
    });
    return key;
  }

  #scaleAfter({ scale, action, before }: TriggerSetUp, recordedStatus: number): ScaleSeen | undefined {
    if (before === 'service removed') return undefined;
    const step = recordedStatus === 200 ? (action === 'up' ? 1 : -1) : 0;
    return { expected: scale + step, after: Number(this.#api.sandbox.inspect(this.#triggered)?.['scale']) };
  }

  /** A receiver of the old service, stored by it: here none of this driver can be made. */
  #placeForwarder(): string {
    this.#made += 1;
    const key = `forward${String(this.#made)}`.padEnd(40, 'x');
    const config = { type: 'forwardPost', projectId, serviceName: 'pipeline', port: '60080', path: '/v1/webhook' };
    this.#api.sandbox.addGenericObject({
      projectId,
      kind: 'webhookReceiver',
      name: `forward-${String(this.#made)}`,
      key,
      resourceData: { url: 'http://old/', driver: 'forwardPost', config },
    });
    return key;
  }

  async #prepare({ scale, action, before }: TriggerSetUp): Promise<string> {
    const serviceId = this.#api.sandbox.addService({ projectId, scale });
    this.#triggered = serviceId;
    const stored = await this.#makeReceiver(serviceId, action);
    if (before === 'revoked') await this.#api.receivers.remove(projectId, stored.id);
    if (before === 'service removed') await this.#removeService(serviceId);
    return stored.key;
  }

  async #makeHostReceiver(action: 'up' | 'down'): Promise<string> {
    const { key } = await this.#make('scaleHost', {
      type: 'scaleHost',
      hostSelector: { tier: 'web' },
      action,
      amount: 1,
      min: 1,
      max: 4,
      ...(action === 'down' ? { deleteOption: 'mostRecent' } : {}),
    });
    return key;
  }

  async #makeReceiver(serviceId: string, action: 'up' | 'down'): Promise<StoredReceiver> {
    return this.#make('scaleService', { type: 'scaleService', serviceId, action, amount: 1, min: 1, max: 3 });
  }

  async #make(driver: string, config: Readonly<Record<string, unknown>>): Promise<StoredReceiver> {
    this.#made += 1;
    return await this.#api.receivers.create(
      projectId,
      {
        name: `made-${String(this.#made)}`,
        driver,
        config,
        format: 'auto',
        formatSettings: {},
        repeatAfterSeconds: 600,
      },
      (key) => key,
    );
  }

  async #removeService(serviceId: string): Promise<void> {
    const rancher = await this.#api.receivers.rancherOf(projectId);
    await rancher.services.remove(serviceId);
    while (!['removed', 'purged'].includes(String(this.#api.sandbox.inspect(serviceId)?.['state']))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
