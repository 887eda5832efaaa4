import * as z from 'zod';
import { alertGroupSettings, alertGroupShape, alertGroupSignal } from './alerts/alert-group.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';

// Alertmanager's webhook payload, version 4 (prometheus/alertmanager, notify/webhook).
const Notification = z.object({ version: z.string(), groupKey: z.string().min(1), ...alertGroupShape });

// What nobody else sends. Whatever the rest is like: a broken notification must be refused, and not count as any call does.
const Marked = z.object({ version: z.literal('4'), groupKey: z.string(), status: z.string() });

const Settings = z.strictObject(alertGroupSettings);

/** Prometheus Alertmanager. A resolved notification never scales as the alert did: the service this one replaces scaled up again on it. */
export const alertmanager: Format<z.infer<typeof Settings>> = {
  id: 'alertmanager',
  body: 'json',
  Settings,
  recognises: ({ json }) => Marked.safeParse(json).success,
  read(trigger, settings) {
    const { groupKey, ...group } = readJson(Notification, trigger);
    return alertGroupSignal({ key: groupKey, ...group }, settings, trigger.json);
  },
};
