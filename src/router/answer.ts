import { errorKinds, partRemedy, type ErrorCode, type Told } from '../domain/errors.ts';
import type { Execution } from '../executions/execution.ts';
import type { Preview, Submitted } from '../executions/submission.ts';
import type { TriggerAnswer } from './trigger-request.ts';

/** Where an execution is looked up; relative, because a trigger URL is called through many front doors. */
function executionPath({ id, projectId }: Execution): string {
  return `/v1-webhooks/executions/${id}?projectId=${encodeURIComponent(projectId)}`;
}

/** What a caller is told of his trigger (design §7): 200 means decided and nothing more will happen; the body says what. */
export function answerExecution({ execution, isDuplicate, isSettled }: Submitted): TriggerAnswer {
  const facts = {
    executionId: execution.id,
    receiver: execution.receiverName,
    driver: execution.driver,
    format: execution.format,
    reason: execution.reason,
    ...(execution.outcome === undefined ? {} : { outcome: execution.outcome }),
    ...(execution.from === undefined ? {} : { from: execution.from }),
    ...(execution.to === undefined ? {} : { to: execution.to }),
    ...(isDuplicate ? { duplicate: true } : {}),
    ...(isSettled === undefined ? {} : { settled: isSettled }),
    ...(execution.items.length > 1 ? { items: execution.items } : {}),
    links: { self: executionPath(execution) },
  };
  const { status, code } = statusOf(execution);
  if (code !== undefined) {
    const applied = execution.applied === undefined ? {} : { applied: execution.applied };
    return {
      status,
      headers: {},
      body: { type: 'error', status, code, ...inOldWords(execution), ...facts, ...applied },
    };
  }
  if (status === 202 || isSettled === false) {
    const message = execution.outcome === undefined ? underWay(execution) : `${execution.message}, not settled yet`;
    return {
      status: 202,
      headers: { Location: executionPath(execution) },
      body: { type: 'execution', state: execution.state, message, ...facts },
    };
  }
  return {
    status,
    headers: {},
    body: { type: 'execution', state: execution.state, message: execution.message, ...facts },
  };
}

/** What a dry run found: nothing was stored or changed. */
export function answerPreview(
  signal: { readonly says: string; readonly reason: string; readonly format: string },
  previews: readonly Preview[],
): TriggerAnswer {
  const [first] = previews;
  const outcomes = previews.map(({ outcome, ...rest }) => ({
    ...rest,
    outcome: outcome === 'change' ? 'scaled' : outcome,
  }));
  return {
    status: 200,
    headers: {},
    body: {
      type: 'preview',
      dryRun: true,
      ...signal,
      outcome: signal.says === 'ignore' ? 'ignored' : (outcomes[0]?.outcome ?? 'unchanged'),
      message: signal.says === 'ignore' ? signal.reason : (first?.message ?? 'nothing matches'),
      ...(first?.from === undefined ? {} : { from: first.from }),
      ...(first?.to === undefined ? {} : { to: first.to }),
      items: outcomes,
    },
  };
}

/** How far it has come: which machines are being made, which upgrades run. */
function underWay({ state, items }: Execution): string {
  if (state !== 'under-way') return 'stored; it will be carried out';
  const [only, ...others] = items;
  if (only !== undefined && others.length === 0) return `stored and under way: ${only.message}`;
  const begun = items.filter((item) => item.state !== 'waiting').length;
  return `stored and under way: ${String(begun)} of ${String(items.length)} have begun`;
}

function statusOf(execution: Execution): { readonly status: number; readonly code?: ErrorCode } {
  if (execution.outcome === undefined) return { status: 202 };
  switch (execution.outcome) {
    case 'limit-reached':
      return { status: 400, code: 'LIMIT_REACHED' };
    case 'superseded':
      return { status: 409, code: 'SUPERSEDED' };
    case 'partial':
      return { status: 409, code: 'PARTIAL' };
    case 'failed': {
      const code = execution.code ?? 'INTERNAL';
      return { status: failedStatus(code), code };
    }
    case 'scaled':
    case 'unchanged':
    case 'cooling-down':
    case 'ignored':
    case 'duplicate':
      return { status: 200 };
  }
}

/** The old service's status where it had one (its target is gone or cannot be scaled: 400); everything else that Rancher refused is 422. */
function failedStatus(code: ErrorCode): number {
  const { status } = errorKinds[code];
  return status === 400 || status === 403 ? status : 422;
}

/** The old service's sentence, which Rancher's own system test compares. */
function inOldWords({ message: text, driver }: Execution): Told {
  const { message, detail } = partRemedy(text);
  return { message: `Error ${message} in executing driver for ${driver}`, detail };
}
