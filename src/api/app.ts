import { randomUUID } from 'node:crypto';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { ServiceError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { answerJson } from './answer.ts';
import { linksOf } from './api-context.ts';
import type { ApiParts } from './api-context.ts';
import { asServiceError, errorBody, retryAfterSecondsOf, triggerStatusOf } from './error-body.ts';
import { rawPathOf } from './links.ts';
import { mountEndpoint } from './routes/endpoint.ts';
import { mountExecutions } from './routes/executions.ts';
import { mountHealth } from './routes/health.ts';
import { mountReceivers } from './routes/receivers.ts';
import { mountRoot } from './routes/root.ts';

/** The HTTP API as an Express app; it listens nowhere yet. */
export function createApi(parts: ApiParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', false);

  const router = express.Router({ caseSensitive: true, strict: true });
  mountHealth(router, parts);
  mountRoot(router, parts);
  mountReceivers(router, parts);
  mountEndpoint(router, parts);
  mountExecutions(router, parts);

  app.use(setHeaders(parts));
  app.use(refuseOddPaths);
  app.use(router);
  app.use((_request, _response, next) => {
    next(new ServiceError('NOT_FOUND', 'there is nothing at this path; GET /v1-webhooks/schemas lists what there is'));
  });
  app.use(answerErrors(parts));
  return app;
}

/** For a browser that is led here: nothing of an answer runs, is framed, is read by another site or tells its address on. */
const browserHeaders = [
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Frame-Options', 'DENY'],
] as const;

function setHeaders(parts: ApiParts): RequestHandler {
  return (request, response, next) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    for (const [name, value] of browserHeaders) response.setHeader(name, value);
    if (rawPathOf(request).startsWith('/v1-webhooks')) {
      response.setHeader('X-Api-Schemas', linksOf(request, parts).schemas());
    }
    for (const [name, value] of Object.entries(parts.answerHeaders ?? {})) response.setHeader(name, value);
    next();
  };
}

/**
 * Rancher's proxy lets everything that begins with `/v1-webhooks/endpoint` through to us without asking who it is, and as
 * written (recordings g_auth_on_proxy_dotdot_raw, g_proxy_dotdot_encoded): a path is taken literally or not at all.
 */
const refuseOddPaths: RequestHandler = (request, _response, next) => {
  if (isPlainPath(rawPathOf(request))) next();
  else next(new ServiceError('NOT_FOUND', 'there is nothing at this path; paths are taken as they are written'));
};

function isPlainPath(path: string): boolean {
  // Each repetition ends in a slash, so that a long path costs one pass and not an exponential search.
  return /^\/(?:[\w.-]+\/)*[\w.-]*$/.test(path) && !path.split('/').some((part) => part === '.' || part === '..');
}

function answerErrors(parts: ApiParts): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = asServiceError(thrown);
    const traceId = randomUUID();
    const status = response.locals['isTrigger'] === true ? triggerStatusOf(error) : error.status;
    log(parts, { error, status, traceId });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.code === 'UNAUTHORIZED' && request.headers['x-api-no-challenge'] !== 'true') {
      response.setHeader(
        'WWW-Authenticate',
        'Basic realm="Enter API access key and secret key as username and password"',
      );
    }
    // The rest of that body may still come, and would be read as the next request.
    if (error.code === 'PAYLOAD_INCOMPLETE') response.setHeader('Connection', 'close');
    const retryAfterSeconds = retryAfterSecondsOf(error);
    if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
    answerJson(response, status, errorBody(error, { status, traceId, selfUrl: selfUrlOf(request, parts) }));
  };
}

function selfUrlOf(request: Request, parts: ApiParts): string | undefined {
  const path = rawPathOf(request);
  // A path may hold a trigger key (`/endpoint/<projectId>/<key>`), and an odd one is not ours to repeat.
  if (!isPlainPath(path)) return undefined;
  const shownPath = path.startsWith('/v1-webhooks/endpoint/') ? '/v1-webhooks/endpoint' : path;
  return `${linksOf(request, parts).base}${shownPath}`;
}

/** Faults whose place in the code, or whose cause below us, has to be known. */
const needsStack: readonly ErrorCode[] = ['INTERNAL', 'STORE_UNAVAILABLE', 'STORE_IN_DOUBT'];
/** What is over by itself, with or without the operator. */
const passing: readonly ErrorCode[] = ['OVERLOADED', 'RANCHER_UNAVAILABLE', 'RANCHER_RATE_LIMITED'];

function log(
  { logger }: ApiParts,
  facts: { readonly error: ServiceError; readonly status: number; readonly traceId: string },
): void {
  const { error, status, traceId } = facts;
  const { code } = error;
  if (status < 500 || code === 'PROJECT_NOT_FOUND') {
    logger.debug({ code, status, traceId, reason: error.message }, 'request refused');
  } else if (needsStack.includes(code)) {
    logger.error({ code, status, traceId, err: error }, 'request failed');
  } else {
    // A full lane or a Rancher that is away refuses every call of a storm: a stack for each would fill the disk.
    const level = passing.includes(code) ? 'warn' : 'error';
    logger[level]({ code, status, traceId, reason: error.message }, 'request refused');
  }
}
