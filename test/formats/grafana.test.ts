import { describe, expect, it } from '@jest/globals';
import { grafana } from '../../src/formats/grafana.ts';
import { formats } from '../../src/formats/formats.ts';
import { chooseFormat } from '../../src/formats/recognise.ts';
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

  it('takes no step back when an alert ends because its data source fell silent', () => {
    const [silent] = fixtureBody('grafana', 'no-data')['alerts'] as readonly unknown[];
    const [ended] = fixtureBody('grafana', 'resolved')['alerts'] as readonly unknown[];
    const body = { ...fixtureBody('grafana', 'no-data'), alerts: [silent, ended] };

    expect(grafana.read(triggerOf({ body }), reverse).says).toBe('ignore');
  });

  it('takes no step back when max alerts left out some of the group', () => {
    const body = { ...fixtureBody('grafana', 'resolved'), truncatedAlerts: 2 };

    expect(grafana.read(triggerOf({ body }), reverse).says).toBe('ignore');
  });

  it('tells groups apart by organisation and contact point where Grafana names no group', () => {
    const { groupKey: _groupKey, ...body } = fixtureBody('grafana', 'firing');
    const read = (fields: unknown) => grafana.read(triggerOf({ body: fields }), grafana.Settings.parse({}));

    expect(read(body).dedupeKey).not.toBe(read({ ...body, orgId: 2 }).dedupeKey);
  });

  it.each([
    ['no alerts', { alerts: undefined }],
    ['neither alerts nor version', { alerts: undefined, version: undefined }],
    ['an alert without a beginning', { alerts: [{ status: 'resolved', fingerprint: 'a' }] }],
    ['a status it does not know', { status: 'suppressed' }],
    ['a version that is no text', { version: 1 }],
  ])('refuses a notification with %s, also where it is left to auto to recognise the sender', (_what, fields) => {
    const trigger = triggerOf({ body: { ...fixtureBody('grafana', 'resolved'), ...fields } });

    expect(chooseFormat(formats, 'auto', trigger)?.id).toBe('grafana');
    expect(() => grafana.read(trigger, grafana.Settings.parse({}))).toThrow('is not what this format sends');
  });

  it.each([
    ['without a group key', 'grafana', { groupKey: undefined }],
    ['of version 4, which is an Alertmanager', 'alertmanager', { version: '4' }],
    ['of version 4 that is broken', 'alertmanager', { version: '4', alerts: undefined }],
  ])('is told from an Alertmanager by version and organisation: a body %s', (_what, id, fields) => {
    const trigger = triggerOf({ body: { ...fixtureBody('grafana', 'resolved'), ...fields } });

    expect(formats.filter((format) => format.recognises(trigger)).map((format) => format.id)).toEqual([id]);
  });
});
