import { Agent } from 'node:http';
import fetch from 'node-fetch';
import { ServiceError } from '../../domain/errors.ts';
import type { TriggerBody } from '../driver.ts';

const timeoutMs = 8_000;

// Nothing has reached the container with one of these: it is safe to call the next one, or again.
const notConnected = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL']);

export interface Call {
  /** An IP address; nothing is resolved. */
  readonly address: string;
  readonly port: string;
  readonly path: string;
  readonly body: TriggerBody;
  /** Throws when it is too late to send. */
  readonly beforeSend?: () => void;
}

/**
 * Posts a body as it came, and tells the status. Follows no redirect, and sends nothing of ours but the execution's id: no
 * credentials, no key, no header of the caller but the content type (the old service sent its own Rancher key along).
 * @throws ServiceError FORWARD_FAILED, with `applied: no` only when nothing reached the container.
 */
export async function dial({ address, port, path, body, beforeSend }: Call): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  const stop = new AbortController();
  beforeSend?.();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  try {
    const response = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`, {
      method: 'POST',
      headers: {
        ...(body.contentType === undefined ? {} : { 'Content-Type': body.contentType }),
        'User-Agent': 'receiver-hooks',
        'X-Receiver-Hooks-Execution': body.executionId,
      },
      body: Buffer.from(body.bytes),
      agent,
      redirect: 'manual',
      compress: false,
      signal: stop.signal,
    });
    // Its body is nobody's business, and may be endless.
    response.body?.on('error', () => undefined);
    stop.abort();
    return response.status;
  } catch (error) {
    const code = codeOf(error);
    const isTooLate = error instanceof Error && error.name === 'AbortError';
    const why = isTooLate ? `did not answer within ${String(timeoutMs / 1000)} s` : `cannot be reached (${code})`;
    // The message of node-fetch holds the URL; only the code goes along.
    throw new ServiceError('FORWARD_FAILED', `the container ${why}`, {
      applied: notConnected.has(code) ? 'no' : 'unknown',
    });
  } finally {
    clearTimeout(timer);
    agent.destroy();
  }
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'no reason given';
}
