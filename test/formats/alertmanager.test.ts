import { describe, expect, it } from '@jest/globals';
import { alertmanager } from '../../src/formats/alertmanager.ts';
import { formats } from '../../src/formats/formats.ts';
import { chooseFormat } from '../../src/formats/recognise.ts';
import { describeFormat, fixtureBody, triggerOf } from '../support/format-contract.ts';

describeFormat(alertmanager, {
  signals: {
    firing: { says: 'fire', reason: '1 alert fires' },
    'second-firing': { says: 'fire', reason: '2 alerts fire' },
    resolved: { says: 'ignore' },
    'one-of-two-resolved': { says: 'ignore' },
    'firing-without-fingerprint': { says: 'fire', reason: '1 alert fires' },
    'resolved-without-fingerprint': { says: 'ignore' },
  },
});

describe('formats/alertmanager', () => {
  const read = (body: unknown, settings: Record<string, unknown> = {}) =>
    alertmanager.read(triggerOf({ body }), alertmanager.Settings.parse(settings));
  const firing = fixtureBody('alertmanager', 'firing');
  const resolved = fixtureBody('alertmanager', 'resolved');
  const alert = (status: string, fingerprint: string, startsAt: string) => ({ status, fingerprint, startsAt });
  const group = (...alerts: unknown[]) => ({ ...firing, alerts });

  it('takes the step back on a resolved alert when asked to, as another event than the firing one', () => {
    const back = read(resolved, { onResolved: 'reverse' });

    expect(back).toMatchObject({ says: 'fire', direction: 'reverse' });
    expect(back.dedupeKey).not.toBe(read(firing).dedupeKey);
    expect(read(firing, { onResolved: 'reverse' })).toEqual(read(firing));
  });

  it('takes the repeats of an alert for one event, and a new alert of the group for a new one', () => {
    const first = alert('firing', 'a', '2026-11-23T09:00:00Z');
    const second = alert('firing', 'b', '2026-11-23T09:05:00Z');

    expect(read(group(second, first)).dedupeKey).toBe(read(group(first, second)).dedupeKey);
    expect(read(group(first, second)).dedupeKey).not.toBe(read(group(first)).dedupeKey);
  });

  it('fires for an alert that began after the one that ended in the same notification', () => {
    const ended = alert('resolved', 'a', '2026-11-23T09:00:00Z');
    const began = alert('firing', 'b', '2026-11-23T09:05:00Z');

    expect(read(group(ended, began))).toMatchObject({ says: 'fire', reason: '1 alert fires' });
  });

  it.each([
    ['a group fires of which only the ended alert is sent', { status: 'firing' }],
    ['a group fires and max_alerts left out what fires', { status: 'firing', truncatedAlerts: 3 }],
    ['what is sent is resolved and max_alerts left out the rest', { truncatedAlerts: 3 }],
    ['a group is called resolved of which an alert fires', { alerts: firing['alerts'] }],
  ])('never takes the step back when %s', (_what, fields) => {
    expect(read({ ...resolved, ...fields }, { onResolved: 'reverse' })).toMatchObject({ says: 'ignore' });
  });

  it('takes the step back when max_alerts left out nothing, or nobody says so', () => {
    for (const truncatedAlerts of [0, null, undefined]) {
      expect(read({ ...resolved, truncatedAlerts }, { onResolved: 'reverse' })).toMatchObject({ direction: 'reverse' });
    }
  });

  it('leaves a new alert that began before one that ended to the next notification of the group', () => {
    const ended = alert('resolved', 'a', '2026-11-23T09:05:00Z');
    const unsilenced = alert('firing', 'b', '2026-11-23T09:00:00Z');

    expect(read(group(ended, unsilenced)).says).toBe('ignore');
    expect(read(group(unsilenced)).says).toBe('fire');
  });

  it('reads the amount where the owner points', () => {
    expect(read(firing, { amount: '/commonAnnotations/scale_by' }).amount).toBe(3);
    expect(() => read(firing, { amount: '/commonAnnotations/none' })).toThrow('nothing usable stands at');
  });

  it('keeps the key of a huge group short, and still tells groups apart', () => {
    const alerts = Array.from({ length: 5000 }, (_, at) => alert('firing', `f${String(at)}`, '2026-11-23T09:00:00Z'));
    const [key = '', other = ''] = [group(...alerts), group(...alerts.slice(1))].map((body) => read(body).dedupeKey);

    expect(key.length).toBeLessThan(1000);
    expect(key).not.toBe(other);
  });

  it('tells alerts without a fingerprint apart by their labels, in whatever order those stand', () => {
    const labelled = (labels: unknown) => group({ status: 'firing', startsAt: '2026-11-23T09:00:00Z', labels });
    const key = (labels: unknown) => read(labelled(labels)).dedupeKey;

    expect(key({ instance: 'a', alertname: 'HighLoad' })).toBe(key({ alertname: 'HighLoad', instance: 'a' }));
    expect(key({ alertname: 'HighLoad', instance: 'b' })).not.toBe(key({ alertname: 'HighLoad', instance: 'a' }));
    expect(key({ alertname: 'HighLoad', instance: 'x'.repeat(5000) })?.length).toBeLessThan(1000);
  });

  it.each([[undefined], [{ instance: 7 }], ['instance=a']])(
    'refuses an alert that has neither a fingerprint nor labels, as with %j',
    (labels) => {
      const unnamed = { status: 'firing', startsAt: '2026-11-23T09:00:00Z', labels };

      expect(() => read(group(unnamed))).toThrow('alerts.0.labels');
    },
  );

  it.each([
    ['no alerts', { alerts: undefined }],
    ['an empty list of alerts', { alerts: [] }],
    ['an alert without a beginning', { alerts: [{ status: 'resolved', fingerprint: 'a' }] }],
    ['a status it does not know', { status: 'suppressed' }],
    ['an empty group key', { groupKey: '' }],
  ])('refuses a notification with %s, also where it is left to auto to recognise the sender', (_what, fields) => {
    const trigger = triggerOf({ body: { ...resolved, ...fields } });

    expect(chooseFormat(formats, 'auto', trigger)?.id).toBe('alertmanager');
    expect(() => alertmanager.read(trigger, alertmanager.Settings.parse({}))).toThrow('is not what this format sends');
  });

  it('leaves the body of another version to others', () => {
    expect(alertmanager.recognises(triggerOf({ body: { ...firing, version: '3' } }))).toBe(false);
  });
});
