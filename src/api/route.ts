import type { Request, Response, Router } from 'express';
import { ServiceError } from '../domain/errors.ts';

export type Handler = (request: Request, response: Response) => void | Promise<void>;

export type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>>;

/**
 * Mounts what one path answers, with or without a slash at its end. HEAD is answered as GET; any other method is 405 with
 * `Allow`, so that a caller who has the right URL and the wrong method can see it.
 */
export function mount(router: Router, path: string, methods: Methods): void {
  const allowed = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  router.all(`${path}{/}`, async (request, response) => {
    const name = request.method === 'HEAD' ? 'GET' : request.method;
    const handler = Object.hasOwn(methods, name) ? methods[name as keyof Methods] : undefined;
    if (handler === undefined) {
      response.setHeader('Allow', allowed.join(', '));
      throw new ServiceError(
        'METHOD_NOT_ALLOWED',
        `${request.method.slice(0, 20)} is not possible here; use ${allowed.join(' or ')}`,
      );
    }
    await handler(request, response);
  });
}

/** One part of the path, as the route names it. */
export function pathPart(request: Request, name: string): string {
  const value: unknown = request.params[name];
  return typeof value === 'string' ? value : '';
}
