import type { Request, Router } from 'express';
import { ServiceError, hasCode } from '../../domain/errors.ts';
import { outcomes } from '../../domain/outcome.ts';
import type { AnyDriver } from '../../drivers/driver.ts';
import { executionUnknown } from '../../executions/cancelling.ts';
import type { Execution, ExecutionFilter } from '../../executions/execution.ts';
import { isCancellable } from '../../executions/possible-actions.ts';
import type { StoredReceiver } from '../../receivers/stored-receiver.ts';
import { reasonNotRetryable } from '../../router/retry.ts';
import type { ReadRights } from '../access.ts';
import { answerJson } from '../answer.ts';
import { linksOf } from '../api-context.ts';
import type { ApiParts } from '../api-context.ts';
import { callerOf } from '../caller.ts';
import type { Links } from '../links.ts';
import { one, queryOf, requireProjectId } from '../query.ts';
import { mount, pathPart } from '../route.ts';
import type { Handler } from '../route.ts';
import { runExecutionAction } from './execution-actions.ts';

const states = ['waiting', 'under-way', 'finished'] as const;
const defaultLimit = 100;
const mostLimit = 1_000;

/** `/v1-webhooks/executions`: the history, for whoever may read the receivers of that environment, and its actions, for whoever may write them. */
export function mountExecutions(router: Router, parts: ApiParts): void {
  const { access, history, installPlace, receivers, kinds } = parts;
  /** Shows executions of an environment with what is possible now. The history is there also while nobody can say which receivers are. */
  const show = async (
    executions: readonly Execution[],
    { links, projectId, rights }: { readonly links: Links; readonly projectId: string; readonly rights: ReadRights },
  ) => {
    // One look for all of them: while Rancher's changes are not heard each is a list of all receivers.
    const ids = new Set(executions.map(({ receiverId }) => receiverId));
    const receiversNow = await receivers.findEach(projectId, [...ids]).catch(() => undefined);
    return executions.map((execution) => {
      const receiver = receiversNow?.get(execution.receiverId);
      return {
        ...executionResource(execution, links, receiversNow === undefined || receiver !== undefined),
        actions: rights.seesTriggerUrls ? actionsOf(execution, { links, receiver, drivers: kinds.drivers }) : {},
      };
    });
  };
  const showOne = async (execution: Execution, request: Request, rights: ReadRights) => {
    const { projectId } = execution;
    const [shown] = await show([execution], { links: linksOf(request, parts), projectId, rights });
    return shown ?? {};
  };

  mount(router, '/v1-webhooks/executions', {
    GET: answering404(async (request, response) => {
      const query = queryOf(request);
      const projectId = requireProjectId(query);
      const rights = await access.requireRead(callerOf(request, installPlace), projectId);
      await receivers.rancherOf(projectId);
      const filter = readFilter(query, projectId);
      const links = linksOf(request, parts);
      const page = await history.list(filter);
      answerJson(response, 200, {
        type: 'collection',
        resourceType: 'execution',
        links: { self: links.executions(projectId, given(query, [...textFilters, 'limit', 'marker'])) },
        actions: {},
        filters: given(query),
        pagination: {
          limit: filter.limit,
          total: null,
          partial: page.nextCursor !== undefined,
          next:
            page.nextCursor === undefined
              ? null
              : links.executions(projectId, {
                  ...given(query),
                  limit: String(filter.limit),
                  marker: page.nextCursor,
                }),
        },
        data: await show(page.executions, { links, projectId, rights }),
      });
    }),
  });

  mount(router, '/v1-webhooks/executions/:id', {
    GET: answering404(async (request, response) => {
      const projectId = requireProjectId(queryOf(request));
      const rights = await access.requireRead(callerOf(request, installPlace), projectId);
      const id = pathPart(request, 'id');
      const execution = await history.find(projectId, id);
      if (execution === undefined) throw executionUnknown(id);
      answerJson(response, 200, await showOne(execution, request, rights));
    }),
    POST: answering404(async (request, response) => {
      const query = queryOf(request);
      const caller = callerOf(request, installPlace);
      const projectId = requireProjectId(query);
      const id = pathPart(request, 'id');
      const execution = await runExecutionAction(parts, { query, projectId, id, caller });
      const rights = await access.requireRead(caller, projectId);
      answerJson(response, execution.state === 'finished' ? 200 : 202, await showOne(execution, request, rights));
    }),
  });
}

/** The old service's 500 for an unknown environment has no place on a route that it never had. */
function answering404(handler: Handler): Handler {
  return async (request, response) => {
    try {
      await handler(request, response);
    } catch (error) {
      if (!hasCode(error, 'PROJECT_NOT_FOUND')) throw error;
      const message = "this environment is unknown or out of reach of this service's key; check projectId";
      throw new ServiceError('NOT_FOUND', message, { fieldName: 'projectId', cause: error });
    }
  };
}

const textFilters = ['receiverId', 'target', 'acceptedFrom', 'acceptedBefore', 'outcome', 'state'] as const;

function given(query: URLSearchParams, names: readonly string[] = textFilters): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = one(query, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function readFilter(query: URLSearchParams, projectId: string): ExecutionFilter {
  const receiverId = one(query, 'receiverId');
  const target = one(query, 'target');
  const outcome = choice(query, 'outcome', outcomes);
  const state = choice(query, 'state', states);
  const acceptedFrom = instant(query, 'acceptedFrom');
  const acceptedBefore = instant(query, 'acceptedBefore');
  const cursor = one(query, 'marker');
  return {
    projectId,
    limit: readLimit(query),
    ...(receiverId === undefined ? {} : { receiverId }),
    ...(target === undefined ? {} : { target }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(state === undefined ? {} : { state }),
    ...(acceptedFrom === undefined ? {} : { acceptedFrom }),
    ...(acceptedBefore === undefined ? {} : { acceptedBefore }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** Rancher's habits: bad limits are the default, `-1` and everything too large is the most (recording a_services_limit_minus1). */
function readLimit(query: URLSearchParams): number {
  const limit = Number(one(query, 'limit') ?? defaultLimit);
  if (!Number.isInteger(limit)) return defaultLimit;
  return limit < 1 ? mostLimit : Math.min(limit, mostLimit);
}

function choice<const T extends string>(query: URLSearchParams, name: string, choices: readonly T[]): T | undefined {
  const value = one(query, name);
  if (value === undefined) return undefined;
  const chosen = choices.find((candidate) => candidate === value);
  if (chosen !== undefined) return chosen;
  throw invalid(name, value, `use one of ${choices.join(', ')}`);
}

function instant(query: URLSearchParams, name: string): string | undefined {
  const value = one(query, name);
  if (value === undefined) return undefined;
  const atMs = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(value) ? Date.parse(value) : Number.NaN;
  // The 30th of February would be the 2nd of March.
  const [day = ''] = value.split('T');
  if (Number.isNaN(atMs) || !new Date(`${day}T00:00Z`).toISOString().startsWith(day))
    throw invalid(name, value, 'use a time such as 2026-11-23T13:00:00Z');
  return new Date(atMs).toISOString();
}

function invalid(name: string, value: string, remedy: string): ServiceError {
  return new ServiceError('REQUEST_INVALID', `Invalid ${name} ${JSON.stringify(value.slice(0, 64))}; ${remedy}`, {
    fieldName: name,
  });
}

function executionResource(
  execution: Execution,
  links: Links,
  isReceiverThere: boolean,
): Readonly<Record<string, unknown>> {
  return {
    ...execution,
    type: 'execution',
    baseType: 'execution',
    links: {
      self: links.execution(execution.projectId, execution.id),
      ...(isReceiverThere ? { receiver: links.receiver(execution.projectId, execution.receiverId) } : {}),
    },
  };
}

/** Only what would be done: a link that answers an error is no link. */
function actionsOf(
  execution: Execution,
  now: { readonly links: Links; readonly receiver: StoredReceiver | undefined; readonly drivers: readonly AnyDriver[] },
): Readonly<Record<string, string>> {
  const { links, receiver, drivers } = now;
  const content = receiver?.content;
  const canRetry = content?.kind === 'usable' && reasonNotRetryable(execution, content.receiver, drivers) === undefined;
  const link = (action: string) => links.executionAction(execution.projectId, execution.id, action);
  return {
    ...(isCancellable(execution) ? { cancel: link('cancel') } : {}),
    ...(canRetry ? { retry: link('retry') } : {}),
  };
}
