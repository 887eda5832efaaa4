import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Signal } from '../../domain/signal.ts';
import { readAmount } from '../pointers/pointed-values.ts';

/** What happens when the alarm is over: by default nothing, else the receiver's step is taken back. */
export const OnResolved = z
  .enum(['ignore', 'reverse'], {
    error: (issue) => `Invalid onResolved ${JSON.stringify(issue.input)}; use ignore or reverse`,
  })
  .default('ignore');

/** What one notification says of an alarm, in the words that all senders share. */
export interface Alarm {
  readonly state: 'firing' | 'resolved';
  /** Shown to people: no text of the sender's. */
  readonly reason: string;
  /** Names this alarm and this firing of it; the state is added, so that firing and resolved never look like one event. */
  readonly event: readonly unknown[];
}

/**
 * The signal of an alarm. An alarm that is over never moves anything in the alarm's own direction, whatever the settings.
 * @throws ServiceError PAYLOAD_MALFORMED when `amount` points at nothing usable
 */
export function alarmSignal(
  { state, reason, event }: Alarm,
  settings: { readonly onResolved: 'ignore' | 'reverse'; readonly amount?: string | undefined },
  document: unknown,
): Signal {
  if (state === 'resolved' && settings.onResolved === 'ignore') return { says: 'ignore', reason };
  return {
    says: 'fire',
    reason: state === 'resolved' ? `${reason}; the step is taken back` : reason,
    dedupeKey: keyOf([state, ...event]),
    ...(state === 'resolved' ? { direction: 'reverse' } : {}),
    ...(settings.amount === undefined ? {} : { amount: readAmount(document, settings.amount) }),
  };
}

const longestKey = 1000;

/** A group of thousands of alerts would otherwise be written into the history with every notification. */
function keyOf(event: readonly unknown[]): string {
  const text = JSON.stringify(event);
  return text.length <= longestKey ? text : createHash('sha256').update(text).digest('base64url');
}
