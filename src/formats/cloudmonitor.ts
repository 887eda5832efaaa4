import * as z from 'zod';
import { alarmSignal, OnResolved } from './alerts/alert-settings.ts';
import type { Format } from './format.ts';
import { readForm } from './parsed-trigger.ts';

const levels = ['INFO', 'WARN', 'CRITICAL'] as const;

const Settings = z.strictObject({
  onResolved: OnResolved,
  levels: z
    .array(z.enum(levels), {
      error: (issue) => `Invalid levels ${JSON.stringify(issue.input)}; use ${levels.join(', ')}`,
    })
    .min(1)
    .optional(),
});

const states = ['OK', 'ALERT', 'ALARM', 'INSUFFICIENT_DATA'] as const;

// CloudMonitor writes "null" for what it does not know.
const text = z
  .string()
  .max(4000)
  .transform((value) => (value === 'null' || value === '' ? undefined : value));

/** Milliseconds; CloudMonitor has sent seconds, too. */
const Timestamp = text.pipe(
  z
    .string()
    .regex(/^\d{9,13}$/, { error: 'a time in seconds or milliseconds is needed' })
    .transform((digits) => (digits.length <= 10 ? Number(digits) * 1000 : Number(digits)))
    .optional(),
);

// The callback of a threshold alert (alibabacloud.com/help/doc-detail/60714.htm): only what is read. ALARM is of its oldest edition.
const Callback = z.object({
  alertState: z.enum(states, { error: `one of ${states.join(', ')} is needed` }),
  alertName: text.optional(),
  ruleId: text.optional(),
  transId: text.optional(),
  dimensions: text.optional(),
  triggerLevel: text.optional(),
  /** The level that an alert had before: with OK the one that is over. */
  preTriggerLevel: text.optional(),
  timestamp: Timestamp.optional(),
});

/** Aliyun CloudMonitor's threshold alerts, straight or as Rancher's proxy rebuilds the form (order lost, non-ASCII turned into `?`). */
export const cloudmonitor: Format<z.infer<typeof Settings>> = {
  id: 'cloudmonitor',
  body: 'form',
  Settings,
  // Whatever its state: one that is not known yet must be refused, and not count as any call does.
  recognises: ({ form }) => ['alertState', 'alertName', 'dimensions'].every((name) => form?.has(name)),
  read(trigger, settings) {
    const { alertState, transId, triggerLevel, preTriggerLevel, ...alert } = readForm(Callback, trigger);
    if (alertState === 'INSUFFICIENT_DATA') return { says: 'ignore', reason: 'there is no data to judge by' };
    const state = alertState === 'OK' ? 'resolved' : 'firing';
    const reason = state === 'resolved' ? 'the alert is resolved' : 'the alert fires';
    // An alert that never fired here must not be taken back when it is over, nor one of which nobody says whether it did.
    const itsLevel = state === 'resolved' ? preTriggerLevel : triggerLevel;
    if (settings.levels !== undefined && !settings.levels.some((level) => level === itsLevel)) {
      const other =
        itsLevel === undefined ? 'of a level that is not named' : 'of another level than the receiver waits for';
      return { says: 'ignore', reason: state === 'resolved' ? `${reason}; it was ${other}` : `the alert is ${other}` };
    }
    // The retries of one call carry the same transId; so do the repeats of an alert that goes on firing.
    const { alertName = '', ruleId = '', dimensions = '', timestamp = 0 } = alert;
    const event = transId === undefined ? [alertName, ruleId, dimensions, timestamp] : [transId];
    return alarmSignal({ state, reason, event }, settings, undefined);
  },
};
