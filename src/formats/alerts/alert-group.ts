import * as z from 'zod';
import type { Signal } from '../../domain/signal.ts';
import { JsonPointer } from '../pointers/json-pointer.ts';
import { alarmSignal, OnResolved } from './alert-settings.ts';

const State = z.enum(['firing', 'resolved'], { error: 'firing or resolved is needed' });

const Labels = z.record(z.string(), z.string());

const Alert = z
  .object({
    status: State,
    fingerprint: z.string().min(1).max(200).optional(),
    startsAt: z.string().refine((time) => !Number.isNaN(Date.parse(time)), { error: 'a time is needed' }),
    labels: z.looseObject({ alertname: z.string().optional() }).optional(),
  })
  // Alertmanager sends fingerprints since 0.19 only; they are made of the labels, which tell the alerts of a group apart as well.
  .refine(({ fingerprint, labels }) => fingerprint !== undefined || Labels.safeParse(labels).success, {
    path: ['labels'],
    error: 'labels that are text are needed where there is no fingerprint',
  });

/** The fields that Alertmanager and those who send its payload share (prometheus/alertmanager, notify/webhook): only what is read. */
export const alertGroupShape = {
  status: State,
  alerts: z.array(Alert).min(1),
  /** How many alerts of the group max_alerts left out; the status is that of those which are sent. */
  truncatedAlerts: z.number().nullish(),
};

/** Settings of every format whose sender groups alerts as Alertmanager does. */
export const alertGroupSettings = { onResolved: OnResolved, amount: JsonPointer.optional() };

const Group = z.object(alertGroupShape);
const Settings = z.strictObject(alertGroupSettings);
type Alert = z.infer<typeof Alert>;

/**
 * The signal of one notification about a group of alerts. Its event is the newest of the alerts that fire: repeats tell of the
 * same, a new alert in the group is a new one, and an alert that leaves a group which goes on firing is none.
 * @throws ServiceError PAYLOAD_MALFORMED
 */
export function alertGroupSignal(
  { key, status, alerts, truncatedAlerts }: z.infer<typeof Group> & { readonly key: string },
  settings: z.infer<typeof Settings>,
  document: unknown,
): Signal {
  const firing = alerts.filter((alert) => alert.status === 'firing');
  if (status === 'resolved' || firing.length === 0) {
    // An alert that still fires may be among those which are not sent, or be one about the data source alone.
    if (status === 'firing' || firing.length > 0 || (truncatedAlerts ?? 0) > 0) {
      return { says: 'ignore', reason: 'what is sent of the group does not say that all of it is resolved' };
    }
    return alarmSignal(
      { state: 'resolved', reason: 'the alert is resolved', event: [key, ...newest(alerts)] },
      settings,
      document,
    );
  }
  const resolved = alerts.filter((alert) => alert.status === 'resolved');
  // The notification that told of the resolved alert told of every older one, too: this one was sent only because it ended.
  if (resolved.length > 0 && latestStart(firing) <= latestStart(resolved)) {
    return { says: 'ignore', reason: 'an alert of the group is resolved, and no new one fires' };
  }
  const reason = `${String(firing.length)} ${firing.length === 1 ? 'alert fires' : 'alerts fire'}`;
  return alarmSignal({ state: 'firing', reason, event: [key, ...newest(firing)] }, settings, document);
}

function latestStart(alerts: readonly Alert[]): number {
  return Math.max(...alerts.map(({ startsAt }) => Date.parse(startsAt)));
}

function newest(alerts: readonly Alert[]): readonly string[] {
  const latest = latestStart(alerts);
  const last = alerts.filter(({ startsAt }) => Date.parse(startsAt) === latest);
  return last.map((alert) => `${alert.fingerprint ?? labelsOf(alert)}@${alert.startsAt}`).sort();
}

/** The labels of an alert, the same text in whatever order they were sent. */
function labelsOf({ labels = {} }: Alert): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}
