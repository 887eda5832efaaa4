import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';
import { pushSignal, readImage, readTag } from './push/push-body.ts';

const Settings = z.strictObject({});

// docs.aws.amazon.com/AmazonECR, events and EventBridge: the event as EventBridge hands it on.
const Event = z.object({
  id: z.string().max(200),
  source: z.literal('aws.ecr'),
  'detail-type': z.string(),
  detail: z.unknown(),
});
const Action = Event.extend({
  account: z.string().regex(/^\d{12}$/, { error: 'the number of an account is needed' }),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/, { error: 'a region is needed' }),
  detail: z.object({
    result: z.string(),
    'action-type': z.string(),
    'repository-name': z.string().min(1),
    'image-digest': z.string().optional(),
    'image-tag': z.string().optional(),
  }),
});

/** Amazon ECR through an EventBridge rule and an API destination. */
export const ecr: Format<z.infer<typeof Settings>> = {
  id: 'ecr',
  body: 'json',
  Settings,
  recognises: ({ json }) => Event.safeParse(json).success,
  read(trigger) {
    const { 'detail-type': type } = readJson(Event, trigger);
    if (type !== 'ECR Image Action')
      return { says: 'ignore', reason: 'the registry tells of something else than an image' };
    const { id, account, region, detail } = readJson(Action, trigger);
    if (detail['action-type'] !== 'PUSH' || detail.result !== 'SUCCESS') {
      return { says: 'ignore', reason: 'no image was pushed' };
    }
    if (detail['image-tag'] === undefined || detail['image-tag'] === '') {
      return { says: 'ignore', reason: 'the pushed image has no tag' };
    }
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const image = readImage(
      {
        registry: `${account}.dkr.ecr.${region}.${domain}`,
        repository: detail['repository-name'],
        tag: readTag(detail['image-tag'], 'detail.image-tag'),
        digest: detail['image-digest'],
      },
      'detail.repository-name',
    );
    return pushSignal(image, [id]);
  },
};
