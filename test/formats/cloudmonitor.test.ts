import { describe, expect, it } from '@jest/globals';
import { cloudmonitor } from '../../src/formats/cloudmonitor.ts';
import { describeFormat, fixtureTrigger, triggerOf } from '../support/format-contract.ts';

describeFormat(cloudmonitor, {
  signals: {
    alert: { says: 'fire', reason: 'the alert fires' },
    'alert-through-rancher': { says: 'fire' },
    'alarm-in-seconds': { says: 'fire' },
    ok: { says: 'ignore' },
    'insufficient-data': { says: 'ignore' },
  },
});

describe('formats/cloudmonitor', () => {
  const contentType = 'application/x-www-form-urlencoded';
  const read = (name: string, settings: Record<string, unknown> = {}) =>
    cloudmonitor.read(fixtureTrigger('cloudmonitor', name), cloudmonitor.Settings.parse(settings));
  const readFields = (fields: Record<string, string>) =>
    cloudmonitor.read(
      triggerOf({ body: new URLSearchParams(fields).toString(), contentType }),
      cloudmonitor.Settings.parse({}),
    );

  it("takes a call and the same call through Rancher's proxy for one event", () => {
    expect(read('alert-through-rancher')).toEqual(read('alert'));
  });

  it("keeps the trigger's key, which the proxy writes into the form, out of the signal", () => {
    const trigger = fixtureTrigger('cloudmonitor', 'alert-through-rancher');

    expect(trigger.form?.has('key')).toBe(false);
    expect(JSON.stringify(read('alert-through-rancher'))).not.toContain('HOOKKEY');
  });

  it('takes the step back on OK when asked to, as another event than the alert', () => {
    const back = read('ok', { onResolved: 'reverse' });

    expect(back).toMatchObject({ says: 'fire', direction: 'reverse' });
    expect(back.dedupeKey).not.toBe(read('alert').dedupeKey);
    expect(read('insufficient-data', { onResolved: 'reverse' }).says).toBe('ignore');
  });

  it('takes seconds and milliseconds for the same time', () => {
    const fields = { alertState: 'ALERT', alertName: 'cpu', ruleId: 'r', dimensions: '{}', transId: 'null' };

    expect(readFields({ ...fields, timestamp: '1508136760' })).toEqual(
      readFields({ ...fields, timestamp: '1508136760000' }),
    );
    expect(() => readFields({ ...fields, timestamp: 'yesterday' })).toThrow('timestamp');
  });

  it('fires only at the levels it is told', () => {
    expect(read('alert', { levels: ['CRITICAL'] }).says).toBe('fire');
    expect(read('alert', { levels: ['WARN', 'INFO'] }).says).toBe('ignore');
  });

  it.each([
    ['of a level it was told', 'CRITICAL', { says: 'fire', direction: 'reverse' }],
    ['of another level, which never fired', 'WARN', { says: 'ignore' }],
    ['of no level that is named', 'null', { says: 'ignore' }],
    ['of an edition that names no level', undefined, { says: 'ignore' }],
  ])('takes the step back, where it is told levels, on the OK of an alert %s: %j', (_what, level, signal) => {
    const form = new URLSearchParams([...(fixtureTrigger('cloudmonitor', 'ok').form ?? [])]);
    if (level === undefined) form.delete('preTriggerLevel');
    else form.set('preTriggerLevel', level);
    const readOk = (settings: Record<string, unknown>) =>
      cloudmonitor.read(
        triggerOf({ body: form.toString(), contentType }),
        cloudmonitor.Settings.parse({ onResolved: 'reverse', ...settings }),
      );

    expect(readOk({ levels: ['CRITICAL'] })).toMatchObject(signal);
    expect(readOk({})).toMatchObject({ says: 'fire', direction: 'reverse' });
  });

  it('refuses a state it does not know, also where it is left to auto to recognise the sender', () => {
    const trigger = triggerOf({ body: 'alertState=BROKEN&alertName=cpu&dimensions=%7B%7D', contentType });

    expect(cloudmonitor.recognises(trigger)).toBe(true);
    expect(() => cloudmonitor.read(trigger, cloudmonitor.Settings.parse({}))).toThrow('alertState');
  });

  it('reads no JSON, even when it is sent as a form', () => {
    expect(() =>
      cloudmonitor.read(triggerOf({ body: { alertState: 'ALERT' }, contentType }), cloudmonitor.Settings.parse({})),
    ).toThrow('is not a form');
  });
});
