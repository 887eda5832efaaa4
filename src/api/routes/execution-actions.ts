import { ServiceError } from '../../domain/errors.ts';
import { executionUnknown } from '../../executions/cancelling.ts';
import type { Execution } from '../../executions/execution.ts';
import type { Caller } from '../../receivers/receiver.ts';
import type { ApiParts } from '../api-context.ts';
import { one } from '../query.ts';

export interface ExecutionActionRequest {
  readonly query: URLSearchParams;
  readonly projectId: string;
  readonly id: string;
  readonly caller: Caller;
}

const actions = ['retry', 'cancel'] as const;

/**
 * `POST …/executions/<id>?action=`. Cancelling only takes away, so it needs no right on the driver's target; retrying does.
 * Answers the new execution of a retry, and the ended one of a cancellation.
 * @throws ServiceError REQUEST_INVALID for an unknown action, NOT_FOUND, ACTION_NOT_AVAILABLE, and what access and `retry` throw.
 */
export async function runExecutionAction(parts: ApiParts, request: ExecutionActionRequest): Promise<Execution> {
  const { access, history } = parts;
  const { projectId, id, caller } = request;
  const name = one(request.query, 'action');
  const action = actions.find((candidate) => candidate === name);
  if (action === undefined) {
    const given = name === undefined ? 'no action is given' : `unknown action ${name.slice(0, 64)}`;
    throw new ServiceError('REQUEST_INVALID', `${given}; use one of ${actions.join(', ')}`, { fieldName: 'action' });
  }
  await access.requireWrite(caller, projectId, 'change');
  if (action === 'cancel') return parts.cancel(projectId, id);
  const execution = await history.find(projectId, id);
  if (execution === undefined) throw executionUnknown(id);
  const receiver = await readReceiver(parts, execution);
  await access.requireDriver(caller, projectId, receiver.driver, receiver.config);
  return (await parts.retry(execution, receiver)).execution;
}

async function readReceiver({ receivers }: ApiParts, { id, projectId, receiverId, receiverName }: Execution) {
  const stored = await receivers.find(projectId, receiverId);
  if (stored?.content.kind === 'usable') return stored.content.receiver;
  const why = stored === undefined ? 'is gone' : 'cannot be used';
  throw new ServiceError(
    'ACTION_NOT_AVAILABLE',
    `receiver ${receiverName} of execution ${id} ${why}, so nothing can be retried`,
    { fieldName: 'action' },
  );
}
