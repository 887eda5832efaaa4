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
