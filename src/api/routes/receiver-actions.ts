import { ServiceError } from '../../domain/errors.ts';
import type { Caller } from '../../receivers/receiver.ts';
import type { Agree } from '../../receivers/receiver-changes.ts';
import { receiverGone } from '../../receivers/receiver-writes.ts';
import type { TriggerUrl } from '../../receivers/receiver-writes.ts';
import { settingsOf, usable } from '../../receivers/stored-receiver.ts';
import type { StoredReceiver } from '../../receivers/stored-receiver.ts';
import type { ApiParts } from '../api-context.ts';
import { one } from '../query.ts';

export interface ActionRequest {
  readonly query: URLSearchParams;
  readonly projectId: string;
  readonly id: string;
  readonly caller: Caller;
  readonly triggerUrl: TriggerUrl;
}

export type ActionAnswer =
  { readonly kind: 'receiver'; readonly stored: StoredReceiver } | { readonly kind: 'preview'; readonly body: object };

const actions = ['pause', 'resume', 'rotatekey', 'test', 'adopt'] as const;

/**
 * `POST …/receivers/<id>?action=`. Pausing only takes away, so it needs no right on the driver's target; the others do.
 * @throws ServiceError REQUEST_INVALID for an unknown action, NOT_FOUND, and what access and receivers throw.
 */
export async function runReceiverAction(parts: ApiParts, request: ActionRequest): Promise<ActionAnswer> {
  const { receivers, access, preview } = parts;
  const { projectId, id, caller, triggerUrl } = request;
  const name = one(request.query, 'action');
  const action = actions.find((candidate) => candidate === name);
  if (action === undefined) {
    const given = name === undefined ? 'no action is given' : `unknown action ${name.slice(0, 64)}`;
    throw new ServiceError('REQUEST_INVALID', `${given}; use one of ${actions.join(', ')}`, { fieldName: 'action' });
  }
  await access.requireWrite(caller, projectId, 'change');
  const agree: Agree = async ({ driver, config }) => {
    await access.requireDriver(caller, projectId, driver, config);
  };
  switch (action) {
    case 'pause':
      return { kind: 'receiver', stored: await receivers.setState(projectId, id, 'paused', triggerUrl) };
    case 'resume':
      return { kind: 'receiver', stored: await receivers.setState(projectId, id, 'active', triggerUrl, agree) };
    case 'rotatekey':
      return { kind: 'receiver', stored: await receivers.rotateKey(projectId, id, triggerUrl, agree) };
    case 'adopt':
      return { kind: 'receiver', stored: await receivers.adopt(projectId, id, triggerUrl, agree) };
    case 'test': {
      const stored = await receivers.find(projectId, id);
      if (stored === undefined) throw receiverGone(id);
      const receiver = usable(stored);
      await agree(settingsOf(receiver));
      return { kind: 'preview', body: await preview(receiver) };
    }
  }
}
