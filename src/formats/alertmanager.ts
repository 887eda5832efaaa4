import * as z from 'zod';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';

// Alertmanager's webhook payload, version 4 (prometheus/alertmanager, notify/webhook): only what is read.
const Notification = z.object({
  version: z.string(),
  groupKey: z.string(),
  status: z.enum(['firing', 'resolved']),
  alerts: z
    .array(z.object({ status: z.enum(['firing', 'resolved']), fingerprint: z.string(), startsAt: z.string() }))
    .min(1),
});

const Settings = z.strictObject({});

/**
 * Prometheus Alertmanager. A resolved notification never scales: the service this one replaces scaled up again on it.
 * The dedupe key is the group and the set of alerts that fire, so the repeats of one alert are one event, and a new
 * alert in the group is a new one.
 */
export const alertmanager: Format<z.infer<typeof Settings>> = {
  id: 'alertmanager',
  body: 'json',
  Settings,
  recognises: ({ json }) => Notification.safeParse(json).success && (json as { version?: unknown }).version === '4',
  read(trigger) {
    const { groupKey, status, alerts } = readJson(Notification, trigger);
    const firing = alerts.filter((alert) => alert.status === 'firing');
    if (status === 'resolved' || firing.length === 0) return { says: 'ignore', reason: 'the alert is resolved' };
    const events = firing.map(({ fingerprint, startsAt }) => `${fingerprint}@${startsAt}`).sort();
    return {
      says: 'fire',
      reason: `${String(firing.length)} ${firing.length === 1 ? 'alert fires' : 'alerts fire'}`,
      dedupeKey: JSON.stringify([groupKey, ...events]),
    };
  },
};
