import type { Request, Response, Router } from 'express';
import { ServiceError, hasCode } from '../../domain/errors.ts';
import type { Trigger } from '../../domain/signal.ts';
import { unknownReceiver } from '../../router/router-handler.ts';
import type { TriggerRequest } from '../../router/trigger-request.ts';
import { answerJson } from '../answer.ts';
import { linksOf } from '../api-context.ts';
import type { ApiParts } from '../api-context.ts';
import { mediaTypeOf } from '../json-body.ts';
import { checkProjectId, one, queryOf } from '../query.ts';
import { defaultBodyLimits, readBody } from '../read-body.ts';
import { mount, pathPart } from '../route.ts';
import { sourceAddressOf } from '../source-address.ts';

/** `/v1-webhooks/endpoint`: the trigger URLs, by query or form, and by path. Open to everybody who knows a key. */
export function mountEndpoint(router: Router, parts: ApiParts): void {
  const { routerHandler, bodyLimits = defaultBodyLimits } = parts;

  const answerTrigger = async (request: Request, response: Response, named: Named): Promise<void> => {
    // Errors of a trigger get a trigger's status: the caller is not told off for what the owner set wrongly.
    response.locals['isTrigger'] = true;
    const body = await readBody(request, bodyLimits);
    const answer = await routerHandler.handle(readTrigger(request, body, named, parts)).catch((error: unknown) => {
      // The old service's 500 belongs to its own URL form; here unknown, revoked and wrong look alike.
      throw named.key !== undefined && hasCode(error, 'PROJECT_NOT_FOUND') ? unknownReceiver(error) : error;
    });
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    const told = { ...answer.body, ...absoluteLinks(answer.body['links'], linksOf(request, parts).base) };
    answerJson(response, answer.status, answer.status < 400 ? told : { ...errorFrame(answer.status), ...told });
  };

  mount(router, '/v1-webhooks/endpoint', {
    POST: (request, response) => answerTrigger(request, response, {}),
  });
  mount(router, '/v1-webhooks/endpoint/:projectId/:key', {
    POST: (request, response) =>
      answerTrigger(request, response, {
        projectId: pathPart(request, 'projectId'),
        key: pathPart(request, 'key'),
      }),
  });
}

/** The router names paths only: which front door a caller came through is known here. */
function absoluteLinks(links: unknown, base: string): { readonly links?: Readonly<Record<string, string>> } {
  if (typeof links !== 'object' || links === null) return {};
  const entries = Object.entries(links as Readonly<Record<string, string>>);
  return {
    links: Object.fromEntries(entries.map(([name, link]) => [name, link.startsWith('/') ? `${base}${link}` : link])),
  };
}

/** The fields that every error of this API has, for those that a trigger's end makes. */
function errorFrame(status: number): Readonly<Record<string, unknown>> {
  return { type: 'error', baseType: 'error', status, statusCode: status, detail: null, actions: {} };
}

interface Named {
  readonly projectId?: string;
  readonly key?: string;
}

function readTrigger(
  request: Request,
  body: Buffer,
  named: Named,
  { installPlace, trustedHops = 0 }: Pick<ApiParts, 'installPlace' | 'trustedHops'>,
): TriggerRequest {
  const query = queryOf(request);
  const contentType = mediaTypeOf(request);
  const form = new URLSearchParams(contentType === 'application/x-www-form-urlencoded' ? body.toString('utf8') : '');
  // Rancher's proxy copies the query into every form (recording g_proxy_post_form), so the query is the original.
  const field = (name: string): string | undefined => one(query, name) ?? (form.get(name) || undefined);
  // A token goes before a key, as it did in the old service; but a form's beside the URL's own key is a field of the sender's.
  const readToken = (): string | undefined => (one(query, 'key') === undefined ? field('token') : one(query, 'token'));
  const asked = field('projectId');
  // In a path an environment that cannot be one looks like a revoked key, as everything wrong with such a URL does.
  const projectId = named.projectId ?? (asked === undefined ? undefined : checkProjectId(asked));
  const authorization = headerText(request, 'authorization');
  // Rancher's proxy is who called; it does not say for whom (recording g_proxy_post_json).
  const sourceAddress = installPlace === 'rancher-proxy' ? undefined : sourceAddressOf(request, trustedHops);
  return {
    projectId,
    key: named.key ?? field('key'),
    token: named.key === undefined ? readToken() : undefined,
    idempotencyKey: readIdempotencyKey(request),
    wait: readWait(request, query),
    dryRun: readDryRun(query),
    trigger: { method: request.method, headers: headersOf(request), contentType, body },
    ...(authorization === undefined ? {} : { authorization }),
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
  };
}

function readWait(request: Request, query: URLSearchParams): TriggerRequest['wait'] {
  const wait = readOption(query, 'wait');
  if (wait !== undefined && wait !== 'settled') {
    throw new ServiceError(
      'REQUEST_INVALID',
      `Invalid wait ${JSON.stringify(wait.slice(0, 64))}; use settled or leave it out`,
      {
        fieldName: 'wait',
      },
    );
  }
  const prefers = (headerText(request, 'prefer') ?? '').split(/[,;]/).map((part) => part.trim().toLowerCase());
  if (prefers.includes('respond-async')) return 'respond-async';
  return wait ?? 'applied';
}

/**
 * How a trigger is to be carried out. Here, unlike with other parameters, empty and misspelt are not absent: the trigger would act where
 * its caller asked only what it would do.
 */
function readOption(query: URLSearchParams, name: string): string | undefined {
  const given = [...query.keys()].find((each) => each.toLowerCase() === name.toLowerCase());
  if (given === undefined) return undefined;
  if (given !== name) {
    throw new ServiceError('REQUEST_INVALID', `Invalid parameter ${given}; write ${name}`, { fieldName: name });
  }
  return one(query, name) ?? '';
}

/** A key that is empty, or two of them, is a mistake of the caller: without a key a repetition would count again. */
function readIdempotencyKey(request: Request): string | undefined {
  const [key, second] = request.headersDistinct['idempotency-key'] ?? [];
  if (second === undefined) return key;
  throw new ServiceError('TRIGGER_INVALID', 'Idempotency-Key is given twice; give it once', {
    fieldName: 'Idempotency-Key',
  });
}

function readDryRun(query: URLSearchParams): boolean {
  const dryRun = readOption(query, 'dryRun') ?? 'false';
  if (dryRun === 'true' || dryRun === 'false') return dryRun === 'true';
  // Anything else might mean yes, and acting on it cannot be taken back.
  throw new ServiceError(
    'REQUEST_INVALID',
    `Invalid dryRun ${JSON.stringify(dryRun.slice(0, 64))}; use true or false`,
    {
      fieldName: 'dryRun',
    },
  );
}

/** Headers as formats may read them: who somebody is to Rancher is nobody's business behind this line. */
function headersOf(request: Request): Trigger['headers'] {
  const { authorization: _authorization, cookie: _cookie, ...headers } = request.headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function headerText(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
