import * as z from 'zod';
import { HeldCallback, openCallback } from '../receivers/callback.ts';
import type { Receiver } from '../receivers/receiver.ts';
import type { Sealing } from '../receivers/sealing.ts';

/** A receiver's callback as an execution carries it: still sealed, so that the database holds no address and no secret. */
const Destination = z.object({ projectId: z.string(), uid: z.string(), callback: HeldCallback });

/** What is stored with an execution; undefined for a receiver without a callback. */
export function destinationOf({ projectId, uid, callback }: Receiver): string | undefined {
  return callback === undefined || uid === undefined ? undefined : JSON.stringify({ projectId, uid, callback });
}

/** Where to post, and what to sign with: the newest secret. */
export interface OpenDestination {
  readonly url: string;
  readonly secret: string;
}

/** @throws ServiceError SEALING_KEY_CHANGED, SETTINGS_INVALID as `Sealing.open`. */
export function openDestination(stored: string, sealing: Sealing): OpenDestination {
  const { projectId, uid, callback } = Destination.parse(JSON.parse(stored));
  const { url, secrets } = openCallback(callback, { projectId, uid }, sealing);
  return { url, secret: secrets.at(-1) ?? '' };
}
