import * as z from 'zod';
import { alarmSignal, OnResolved } from './alerts/alert-settings.ts';
import type { Format } from './format.ts';
import { readJson, type ParsedTrigger } from './parsed-trigger.ts';

const Settings = z.strictObject({
  onResolved: OnResolved,
  events: z
    .array(z.string().min(1).max(200), {
      error: 'events is a list of event names, such as ["Instance:PreemptibleInstanceInterruption"]',
    })
    .min(1)
    .max(100)
    .optional(),
});

const text = z.string().min(1).max(1000);

// A push channel of the event centre, JSON (alibabacloud.com/help/en/cms, callbacks for system event-triggered alerts, recommended).
const Subscribed = z.object({
  alert: z.object({
    alertStatus: z.enum(['TRIGGERED', 'RESOLVED'], { error: 'TRIGGERED or RESOLVED is needed' }),
    eventName: text,
    product: text,
    arn: z.string().max(1000).optional(),
    dedupId: z.string().max(1000).optional(),
    traceId: z.string().max(1000).optional(),
    timestamp: z.number().optional(),
  }),
});

// What nobody else sends. Whatever the rest is like: a broken notification must be refused, and not count as any call does.
const Marked = z.object({
  alert: z.object({ alertStatus: z.unknown().nonoptional(), eventName: z.unknown().nonoptional() }),
});

// The older alert rules of system events (alibabacloud.com/help/doc-detail/207296.htm): no state, every call tells of an event.
const Called = z.object({
  traceId: text,
  product: text,
  name: text,
  resourceId: z.string().max(1000).optional(),
  eventTime: z.string().max(100).optional(),
  ver: z.string().optional(),
});

/** Aliyun CloudMonitor's system events (an instance that is to be released, fails or is restarted), in both of its payloads. */
export const cloudmonitorEvent: Format<z.infer<typeof Settings>> = {
  id: 'cloudmonitor-event',
  body: 'json',
  Settings,
  recognises({ json }) {
    if (Marked.safeParse(json).success) return true;
    const parsed = Called.safeParse(json);
    return parsed.success && parsed.data.ver !== undefined && parsed.data.resourceId !== undefined;
  },
  read(trigger, { events, onResolved }) {
    const { name, state, event } = isSubscribed(trigger.json) ? readSubscribed(trigger) : readCalled(trigger);
    if (events !== undefined && !events.includes(name)) {
      return { says: 'ignore', reason: 'the event is another than the receiver waits for' };
    }
    const reason = state === 'resolved' ? 'the event is over' : 'an event happened';
    return alarmSignal({ state, reason, event: [name, ...event] }, { onResolved }, undefined);
  },
};

interface SystemEvent {
  readonly name: string;
  readonly state: 'firing' | 'resolved';
  readonly event: readonly unknown[];
}

function isSubscribed(json: unknown): boolean {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, 'alert');
}

function readSubscribed(trigger: ParsedTrigger): SystemEvent {
  const { eventName, alertStatus, dedupId, traceId, arn, timestamp } = readJson(Subscribed, trigger).alert;
  const event = [dedupId ?? '', traceId ?? '', arn ?? '', timestamp ?? 0];
  return { name: eventName, state: alertStatus === 'RESOLVED' ? 'resolved' : 'firing', event };
}

function readCalled(trigger: ParsedTrigger): SystemEvent {
  const { name, traceId, resourceId = '', eventTime = '' } = readJson(Called, trigger);
  return { name, state: 'firing', event: [traceId, resourceId, eventTime] };
}
