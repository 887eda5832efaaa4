import type { Router } from 'express';
import { answerJson } from '../answer.ts';
import type { ApiParts } from '../api-context.ts';
import { mount } from '../route.ts';

/** `/healthz`: the process answers. `/readyz`: it can work, each check by name with its reason. `/metrics`: Prometheus. */
export function mountHealth(router: Router, parts: ApiParts): void {
  const { health, metrics, version } = parts;

  mount(router, '/healthz', {
    GET(_request, response) {
      answerJson(response, 200, { status: 'alive', version });
    },
  });

  mount(router, '/readyz', {
    async GET(_request, response) {
      const { isReady, checks } = await health.report();
      answerJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', version, checks });
    },
  });

  if (metrics === undefined) return;
  mount(router, '/metrics', {
    async GET(_request, response) {
      const text = Buffer.from(await metrics.read(), 'utf8');
      response.setHeader('Content-Type', metrics.contentType);
      response.setHeader('Content-Length', text.length);
      response.end(text);
    },
  });
}
