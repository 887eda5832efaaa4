import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { linksFrom } from '../../src/api/links.ts';
import { listSchemas } from '../../src/api/schemas.ts';
import { drivers } from '../../src/drivers/drivers.ts';
import { formats } from '../../src/formats/formats.ts';

const schemas = listSchemas({ drivers, formats }, linksFrom('https://rancher.example.org'));
const recording = JSON.parse(readFileSync(new URL('../fixtures/peer/schemas.json', import.meta.url), 'utf8')) as {
  cases: readonly { response: { body: { data?: readonly { id: string; resourceFields: object }[] } } }[];
};
const recorded = recording.cases[0]?.response.body.data ?? [];

describe('api/schemas', () => {
  // Rancher 1.6's UI page sets `.required` on these when it loads and breaks on a missing one.
  it.each([
    ['receiver', ['name']],
    ['scaleService', ['serviceId']],
    ['scaleHost', ['hostSelector']],
    [
      'serviceUpgrade',
      ['serviceSelector', 'addressType', 'payloadFormat', 'batchSize', 'intervalMillis', 'startFirst'],
    ],
  ])('has the fields of %s that the UI page reads', (id, fields) => {
    const schema = schemas.find((candidate) => candidate.id === id);

    for (const field of fields) expect(schema?.resourceFields[field]).toMatchObject({ create: true });
  });

  it.each(recorded.map(({ id, resourceFields }) => [id, resourceFields] as const))(
    'has every field of the old schema %s',
    (id, resourceFields) => {
      const schema = schemas.find((candidate) => candidate.id === id);

      expect(Object.keys(schema?.resourceFields ?? {})).toEqual(expect.arrayContaining(Object.keys(resourceFields)));
    },
  );

  it('lists as drivers what can be made here', () => {
    const receiver = schemas.find(({ id }) => id === 'receiver');

    expect(receiver?.resourceFields['driver']?.options).toEqual(drivers.map(({ id }) => id));
  });

  it('links absolutely', () => {
    expect(schemas[0]?.links).toEqual({
      self: 'https://rancher.example.org/v1-webhooks/schemas/receiver',
      collection: 'https://rancher.example.org/v1-webhooks/receivers',
    });
  });
});
