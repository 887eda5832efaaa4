import type { Router } from 'express';
import { ServiceError } from '../../domain/errors.ts';
import { answerJson } from '../answer.ts';
import { linksOf } from '../api-context.ts';
import type { ApiParts } from '../api-context.ts';
import { rawPathOf } from '../links.ts';
import { queryOf, requireProjectId } from '../query.ts';
import { mount, pathPart } from '../route.ts';
import { listSchemas } from '../schemas.ts';

/** `/v1-webhooks` and its schemas: what the API can do; nothing of an environment, so nobody is asked who he is. */
export function mountRoot(router: Router, parts: ApiParts): void {
  mount(router, '/v1-webhooks', {
    GET(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const links = linksOf(request, parts);
      answerJson(response, 200, {
        id: 'v1-webhooks',
        type: 'apiVersion',
        version: parts.version,
        links: {
          self: `${links.base}${rawPathOf(request)}?projectId=${projectId}`,
          receivers: links.receivers(projectId),
          schemas: `${links.schemas()}?projectId=${projectId}`,
          executions: links.executions(projectId),
        },
        actions: {},
      });
    },
  });

  mount(router, '/v1-webhooks/schemas', {
    GET(request, response) {
      const links = linksOf(request, parts);
      answerJson(response, 200, {
        type: 'collection',
        resourceType: 'schema',
        links: { self: `${links.base}${rawPathOf(request)}` },
        actions: {},
        data: listSchemas(parts.kinds, links),
      });
    },
  });

  mount(router, '/v1-webhooks/schemas/:id', {
    GET(request, response) {
      const id = pathPart(request, 'id').toLowerCase();
      const links = linksOf(request, parts);
      const schema = listSchemas(parts.kinds, links).find((candidate) => candidate.id.toLowerCase() === id);
      if (schema === undefined) {
        throw new ServiceError('NOT_FOUND', `there is no schema ${id.slice(0, 64)}; /v1-webhooks/schemas lists them`);
      }
      answerJson(response, 200, schema);
    },
  });
}
