import { decodeTime } from 'ulid';
import { hasCode } from '../domain/errors.ts';
import type { Executions } from '../executions/executions.ts';
import type { AttemptResult, Metrics, MetricSources } from '../observability/metrics.ts';
import type { Receivers } from '../receivers/receivers.ts';
import type { RouterHandler } from '../router/trigger-request.ts';
import type { ChangeToClose, Committed, HeldLane, LaneElsewhere } from '../storage/rounds.ts';
import type { Store } from '../storage/store.ts';

// Measuring stands around the parts, not inside them: what they do can be read without it, and it can fail none of it.

/** The same store, counting rounds, attempts and ends as they are committed: what is not stored did not happen. */
export function measuredStore(store: Store, metrics: Metrics): Store {
  const ended = (committed: Committed): Committed => {
    if (committed.kind === 'lane-lost') return committed;
    for (const { executionId, outcome } of committed.finished) {
      // An execution's id holds the moment of its acceptance, so those that another replica accepted are timed as well.
      metrics.executionEnded(outcome, Math.max(0, Date.now() - decodeTime(executionId)) / 1000);
    }
    return committed;
  };
  const opened = <Round extends HeldLane | LaneElsewhere | undefined>(round: Round): Round => {
    if (round?.kind === 'held' && round.waiting.length > 0) {
      metrics.roundOpened({ waitedMs: round.waiting.map(({ waitedMs }) => waitedMs) });
    }
    return round;
  };
  return {
    ...store,
    async accept(executions) {
      const acceptances = await store.accept(executions);
      for (const acceptance of acceptances) if (acceptance.kind === 'accepted') opened(acceptance.opened);
      return acceptances;
    },
    openRound: async (round) => opened(await store.openRound(round)),
    async commitRound(round) {
      if (round.attempt !== undefined) metrics.attempted('not-read');
      return ended(await store.commitRound(round));
    },
    async markDoubt(doubt) {
      metrics.attempted('in-doubt');
      return store.markDoubt(doubt);
    },
    async closeChange(close) {
      metrics.attempted(resultOf(close.end));
      return ended(await store.closeChange(close));
    },
    async cancel(cancellation) {
      const became = await store.cancel(cancellation);
      const finished =
        became === 'cancelled' ? [{ executionId: cancellation.executionId, outcome: 'failed' as const }] : [];
      ended({ kind: 'committed', finished, next: 'rest' });
      return became;
    },
    async stepFollowed(step) {
      if (step.end.kind === 'ended') metrics.attempted(resultOf(step.end));
      return ended(await store.stepFollowed(step));
    },
  };
}

function resultOf(end: ChangeToClose['end']): AttemptResult {
  if (end.kind === 'ended') return end.state;
  return end.kind === 'following' ? 'under-way' : 'dropped';
}

/** The same executions, counting what callers are told. */
export function measuredExecutions(executions: Executions, metrics: Metrics): Executions {
  return {
    ...executions,
    async submit(submission) {
      const submitted = await executions.submit(submission);
      const { driver, format, outcome = 'accepted' } = submitted.execution;
      metrics.triggered({ driver, format, outcome: submitted.isDuplicate ? 'duplicate' : outcome });
      return submitted;
    },
  };
}

/** The same handler, counting what was not accepted. */
export function measuredRouterHandler(handler: RouterHandler, metrics: Metrics): RouterHandler {
  return {
    async handle(request) {
      try {
        return await handler.handle(request);
      } catch (error) {
        metrics.refused(hasCode(error) ? error.code : 'INTERNAL');
        throw error;
      }
    },
  };
}

/** How many receivers there are in the environments in use. @throws ServiceError when Rancher must be asked and does not answer. */
export async function countReceivers(
  receivers: Pick<Receivers, 'projectsInUse' | 'list'>,
): ReturnType<MetricSources['receivers']> {
  const counts = { active: 0, paused: 0, unusable: 0 };
  const lists = await Promise.all(receivers.projectsInUse().map((projectId) => receivers.list(projectId)));
  for (const { content } of lists.flat()) counts[content.kind === 'usable' ? content.receiver.state : 'unusable'] += 1;
  return counts;
}
