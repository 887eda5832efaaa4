import * as z from 'zod';
import type { Format } from './format.ts';
import {
  asFields,
  asText,
  incomplete,
  malformed,
  pushSignal,
  readImage,
  readPushBody,
  readPushData,
} from './push/push-body.ts';

const Settings = z.strictObject({});

/**
 * Aliyun Container Registry (help.aliyun.com, triggers of a repository). It names the region, and the image's public address follows
 * from that; a receiver whose hosts reach the registry inside Aliyun says so by `addressType`, one of an enterprise instance by `registry`.
 */
export const alicloud: Format<z.infer<typeof Settings>> = {
  id: 'alicloud',
  body: 'any',
  Settings,
  recognises({ json }) {
    const body = asFields(json);
    const repository = asFields(body?.['repository']);
    return (
      asText(asFields(body?.['push_data'])?.['tag']) !== undefined &&
      asText(repository?.['repo_full_name']) !== undefined &&
      asText(repository?.['region']) !== undefined
    );
  },
  read(trigger) {
    const { tag, pushData, repository } = readPushData(readPushBody(trigger));
    const [fullName, region] = [asText(repository['repo_full_name']), asText(repository['region'])];
    if (fullName === undefined || region === undefined) {
      throw incomplete(
        'Alicloud Docker Hub response provided without image name; repository.repo_full_name and repository.region must be texts',
        fullName === undefined ? 'repository.repo_full_name' : 'repository.region',
      );
    }
    const { digest, pushed_at: pushedAt } = pushData;
    if (!/^[a-z0-9-]{1,40}$/.test(region)) {
      throw malformed('repository.region is not the id of a region, such as cn-hangzhou', 'repository.region');
    }
    const registry = `registry.${region}.aliyuncs.com`;
    const image = readImage({ registry, repository: fullName, tag, digest }, 'repository.repo_full_name');
    return pushSignal(image, [digest, pushedAt]);
  },
};
