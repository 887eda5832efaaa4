import * as z from 'zod';
import { partRegistry } from '../domain/image-reference.ts';
import type { Format } from './format.ts';
import { asFields, asText, incomplete, pushSignal, readImage, readPushBody, readPushData } from './push/push-body.ts';

const Settings = z.strictObject({});

/**
 * Docker Hub (docs.docker.com/docker-hub/repos/manage/webhooks), and whoever sends the same in few words, as Rancher's documentation
 * tells callers to: `{"push_data":{"tag":"v1"},"repository":{"repo_name":"acme/web"}}`. `repo_name` may begin with a registry.
 */
export const dockerhub: Format<z.infer<typeof Settings>> = {
  id: 'dockerhub',
  body: 'any',
  Settings,
  recognises({ json }) {
    const body = asFields(json);
    const repository = asFields(body?.['repository']);
    return (
      asText(asFields(body?.['push_data'])?.['tag']) !== undefined && asText(repository?.['repo_name']) !== undefined
    );
  },
  read(trigger) {
    const { tag, pushData, repository } = readPushData(readPushBody(trigger));
    const name = asText(repository['repo_name']);
    if (name === undefined) {
      throw incomplete(
        'Response provided without image name; repository.repo_name must be a text',
        'repository.repo_name',
      );
    }
    return pushSignal(readImage({ ...partRegistry(name), tag }, 'repository.repo_name'), [pushData['pushed_at']]);
  },
};
