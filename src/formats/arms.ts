import * as z from 'zod';
import { alertGroupSettings, alertGroupShape, alertGroupSignal } from './alerts/alert-group.ts';
import type { Format } from './format.ts';
import { readJson } from './parsed-trigger.ts';

// ARMS, body $alertmanager_content (alibabacloud.com/help/en/arms, format of alert notifications sent by using webhooks).
const Notification = z.object({
  receiver: z.string().optional(),
  groupKey: z.string().optional(),
  groupLabels: z.unknown().optional(),
  ...alertGroupShape,
});

const Settings = z.strictObject(alertGroupSettings);

// ARMS puts labels of its own on every alert; nobody else writes them. Whatever the rest is like: a broken notification must be
// refused, and not count as any call does.
const Marked = z.object({ alerts: z.array(z.object({ labels: z.looseObject({}) })).min(1) });

/** Aliyun ARMS and Managed Service for Prometheus, whose webhook template is `$alertmanager_content`. */
export const arms: Format<z.infer<typeof Settings>> = {
  id: 'arms',
  body: 'json',
  Settings,
  recognises({ json }) {
    const parsed = Marked.safeParse(json);
    return (
      parsed.success &&
      parsed.data.alerts.every(({ labels }) => Object.keys(labels).some((name) => name.startsWith('_aliyun_arms_')))
    );
  },
  read(trigger, settings) {
    const { receiver = '', groupKey, groupLabels, ...group } = readJson(Notification, trigger);
    const key = groupKey ?? JSON.stringify([receiver, groupLabels ?? null]);
    return alertGroupSignal({ key, ...group }, settings, trigger.json);
  },
};
