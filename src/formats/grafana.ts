import * as z from 'zod';
import { alertGroupSettings, alertGroupShape, alertGroupSignal } from './alerts/alert-group.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';

// Grafana's webhook contact point (grafana.com/docs, webhook-notifier): Alertmanager's payload with version 1 and the organisation.
const Notification = z.object({
  orgId: z.number(),
  version: z.string().optional(),
  groupKey: z.string().optional(),
  receiver: z.string().optional(),
  ...alertGroupShape,
});

// A group key and an organisation are what nobody else sends together. Whatever the rest is like: a broken notification must be
// refused, and not count as any call does.
const Marked = z.object({
  orgId: z.number(),
  version: z.unknown().optional(),
  groupKey: z.string(),
  status: z.string(),
});
const Recognised = z.union([Marked, Notification]);

const Settings = z.strictObject(alertGroupSettings);

// What Grafana itself raises when a query gives nothing or fails: it says nothing about the load.
const aboutTheQuery = new Set(['DatasourceNoData', 'DatasourceError']);

/** Grafana Alerting. Alerts about the data source itself never scale. */
export const grafana: Format<z.infer<typeof Settings>> = {
  id: 'grafana',
  body: 'json',
  Settings,
  recognises({ json }) {
    const parsed = Recognised.safeParse(json);
    return parsed.success && parsed.data.version !== '4';
  },
  read(trigger, settings) {
    const { orgId, groupKey, receiver = '', ...group } = readJson(Notification, trigger);
    const real = group.alerts.filter(({ labels }) => !aboutTheQuery.has(labels?.alertname ?? ''));
    if (real.length === 0) return { says: 'ignore', reason: 'the alert is about the data source, not about the load' };
    const key = groupKey ?? JSON.stringify([orgId, receiver]);
    return alertGroupSignal({ ...group, key, alerts: real }, settings, trigger.json);
  },
};
