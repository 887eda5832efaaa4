import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';
import { call } from '../support/http-client.ts';
import type { PlainRequest } from '../support/http-client.ts';
import { openScene, owner, receiver, scene } from './support/bad-input-scene.ts';

beforeAll(openScene);

afterAll(async () => {
  await scene.api.close();
});

const long = 'x'.repeat(200_000);
const list = '/v1-webhooks/receivers?projectId=1a5';
const create = (more: object): PlainRequest => ({ method: 'POST', path: list, headers: owner(), body: receiver(more) });
const change = (more: object): PlainRequest => ({
  method: 'PUT',
  path: `/v1-webhooks/receivers/${scene.receiverId}?projectId=1a5`,
  headers: owner(),
  body: more,
});

/** A config of each driver that would be accepted as far as its form goes. */
const configs: Readonly<Record<string, object>> = {
  scaleService: { serviceId: '1s1', action: 'up', amount: 1, min: 1, max: 4 },
  scaleHost: { hostSelector: { tier: 'web' }, action: 'down', amount: 1, min: 1, max: 4, deleteOption: 'mostRecent' },
  serviceUpgrade: { serviceSelector: { app: 'shop' }, tag: 'v1' },
  forwardPost: { serviceName: 'hooks', port: 80, path: '/' },
};

const values = [long, [long], { [long]: long }, { [long]: 1 }];
const ofDrivers = drivers.flatMap(({ id, resourceFields }) =>
  [...Object.keys(resourceFields), long].flatMap((field) =>
    values.map(
      (value, index) =>
        [
          `${id}Config.${field.slice(0, 20)}, value ${String(index)}`,
          () => create({ driver: id, scaleServiceConfig: null, [`${id}Config`]: { ...configs[id], [field]: value } }),
        ] as const,
    ),
  ),
);
const settingsOf = ({ Settings }: (typeof formats)[number]): readonly string[] =>
  Object.keys((Settings as { readonly shape?: object }).shape ?? {});
const ofFormats = formats.flatMap((format) =>
  [...settingsOf(format), long].flatMap((field) =>
    values.map(
      (value, index) =>
        [
          `${format.id}: ${field.slice(0, 20)}, value ${String(index)}`,
          () => create({ format: format.id, formatSettings: { [field]: value } }),
        ] as const,
    ),
  ),
);
const ownFields = ['name', 'driver', 'type', 'format', 'formatSettings', 'repeatAfterSeconds', long].concat([
  'signature',
  'allowedSources',
  'rateLimit',
  'callback',
]);
const ofReceivers = ownFields.flatMap((field) =>
  values.flatMap((value, index) => [
    [`create ${field.slice(0, 20)}, value ${String(index)}`, () => create({ [field]: value })] as const,
    [`change ${field.slice(0, 20)}, value ${String(index)}`, () => change({ [field]: value })] as const,
  ]),
);

describe('api: values that are too long to be repeated', () => {
  it.each([...ofDrivers, ...ofFormats, ...ofReceivers])('answers in a few lines: %s', async (_name, request) => {
    const { status, text, body } = await call(scene.api.url, request());

    if (status === 200) return;
    expect({ status, type: body['type'] }).toEqual({ status: 400, type: 'error' });
    expect(text.length).toBeLessThan(2_000);
  });
});
