import { ServiceError } from '../../domain/errors.ts';
import type { TriggerBody } from '../driver.ts';

/** Seals a text so that only this installation opens it again, and only for the same execution. */
export interface BodySealing {
  seal(text: string, executionId: string): string;
  /** @throws ServiceError when it was sealed with another key or for another execution */
  open(sealed: string, executionId: string): string;
}

// A hundred bodies of this size may wait for one service.
const largestBytes = 256 * 1024;

/**
 * Packs a body for the time until it is forwarded.
 * @throws ServiceError PAYLOAD_TOO_LARGE
 */
export function packBody({ executionId, contentType, bytes }: TriggerBody, sealing: BodySealing): string {
  if (bytes.byteLength > largestBytes) {
    throw new ServiceError(
      'PAYLOAD_TOO_LARGE',
      `the body has ${String(bytes.byteLength)} bytes; at most ${String(largestBytes)} are forwarded`,
    );
  }
  const text = JSON.stringify([contentType ?? null, Buffer.from(bytes).toString('base64')]);
  return `${executionId} ${sealing.seal(text, executionId)}`;
}

/** @throws ServiceError as `BodySealing.open` */
export function unpackBody(kept: string, sealing: BodySealing): TriggerBody {
  const space = kept.indexOf(' ');
  const executionId = kept.slice(0, space);
  const [contentType, base64] = JSON.parse(sealing.open(kept.slice(space + 1), executionId)) as [string | null, string];
  return { executionId, bytes: Buffer.from(base64, 'base64'), ...(contentType === null ? {} : { contentType }) };
}
