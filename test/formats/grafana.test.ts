import { describe, expect, it } from '@jest/globals';
import { grafana } from '../../src/formats/grafana.ts';
import { describeFormat, fixtureBody, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(grafana, {
  signals: {
    firing: { says: 'fire', reason: '2 alerts fire' },
    resolved: { says: 'ignore' },
    'no-data': { says: 'ignore' },
  },
});

describe('formats/grafana', () => {
  const reverse = grafana.Settings.parse({ onResolved: 'reverse' });

  it('takes the step back on a resolved alert when asked to, never for a silent data source', () => {
    expect(grafana.read(fixtureTrigger('grafana', 'resolved'), reverse)).toMatchObject({ direction: 'reverse' });
    expect(grafana.read(fixtureTrigger('grafana', 'no-data'), reverse).says).toBe('ignore');
  });

  it('tells groups apart by organisation and contact point where Grafana names no group', () => {
    const { groupKey: _groupKey, ...body } = fixtureBody('grafana', 'firing');
    const read = (fields: unknown) => grafana.read(triggerOf({ body: fields }), grafana.Settings.parse({}));

    expect(read(body).dedupeKey).not.toBe(read({ ...body, orgId: 2 }).dedupeKey);
  });
});
