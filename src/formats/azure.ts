import * as z from 'zod';
import type { Format } from './format.ts';
import { asFields, asText, incomplete, pushSignal, readImage, readPushBody, readTag } from './push/push-body.ts';

const Settings = z.strictObject({});

/**
 * Azure Container Registry (learn.microsoft.com, container-registry-webhook-reference): `action`, `target` and `request.host`.
 * Only `push` is about an image; `ping`, sent when a webhook is made, `delete` and the rest are ignored.
 */
export const azure: Format<z.infer<typeof Settings>> = {
  id: 'azure',
  body: 'any',
  Settings,
  recognises({ json }) {
    const body = asFields(json);
    const action = asText(body?.['action']);
    if (action === 'ping') return asText(body?.['id']) !== undefined && asText(body?.['timestamp']) !== undefined;
    return (
      action !== undefined &&
      asText(asFields(body?.['target'])?.['repository']) !== undefined &&
      asText(asFields(body?.['request'])?.['host']) !== undefined
    );
  },
  read(trigger) {
    const body = readPushBody(trigger);
    const action = asText(body['action']);
    // The old service read no action: a caller's own body may have none.
    if (action !== undefined && action !== 'push') {
      return { says: 'ignore', reason: `the registry tells of ${JSON.stringify(action.slice(0, 40))}, not of a push` };
    }
    const target = asFields(body['target']);
    if (target === undefined) {
      throw incomplete('Response provided without repository information; target must be an object', 'target');
    }
    const tag = readTag(target['tag'], 'target.tag');
    const repository = asText(target['repository']);
    const host = asText(asFields(body['request'])?.['host']);
    if (repository === undefined || host === undefined) {
      throw incomplete(
        'Response provided without image name; target.repository and request.host must be texts',
        repository === undefined ? 'target.repository' : 'request.host',
      );
    }
    const image = readImage({ registry: host, repository, tag, digest: target['digest'] }, 'target.repository');
    return pushSignal(image, [body['id'], target['digest']]);
  },
};
