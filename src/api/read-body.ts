import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../domain/errors.ts';

export interface BodyLimits {
  readonly mostBytes: number;
  readonly timeoutMs: number;
}

export const defaultBodyLimits: BodyLimits = { mostBytes: 1024 * 1024, timeoutMs: 5_000 };

/**
 * The whole body as it was sent.
 * @throws ServiceError PAYLOAD_ENCODED, PAYLOAD_TOO_LARGE, PAYLOAD_INCOMPLETE when it has not arrived in time or was cut off.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  requirePlain(request);
  const announced = Number(request.headers['content-length'] ?? '0');
  if (announced > limits.mostBytes) throw tooLarge(limits);
  return await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (received <= limits.mostBytes) {
        chunks.push(chunk);
        return;
      }
      finish(() => {
        // The rest is read and thrown away: a caller that is still writing would see a reset instead of the 413.
        request.resume();
        reject(tooLarge(limits));
      });
    };
    const onEnd = (): void => {
      finish(() => {
        resolve(Buffer.concat(chunks));
      });
    };
    const onCut = (): void => {
      finish(() => {
        reject(incomplete(`ended after ${String(received)} bytes, before it was complete`));
      });
    };
    const timer = setTimeout(() => {
      finish(() => {
        reject(incomplete(`has not arrived within ${String(limits.timeoutMs / 1000)} s`));
      });
    }, limits.timeoutMs);
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/**
 * Compressed bodies are refused, not unpacked: no sender that we know sends one, a megabyte of it can hold a gigabyte, and a
 * signature over it could be meant for either form.
 */
function requirePlain({ headers }: IncomingMessage): void {
  requireOneOf('Content-Encoding', headers['content-encoding'], ['', 'identity']);
  // Node takes the chunks apart and leaves any other coding in them.
  requireOneOf('Transfer-Encoding', headers['transfer-encoding'], ['', 'chunked', 'identity']);
}

function requireOneOf(fieldName: string, value = '', plain: readonly string[]): void {
  const encoding = value.trim().toLowerCase();
  if (plain.includes(encoding)) return;
  throw new ServiceError(
    'PAYLOAD_ENCODED',
    `bodies with ${fieldName} ${JSON.stringify(encoding.slice(0, 40))} are not taken; send it without`,
    { fieldName },
  );
}

function tooLarge({ mostBytes }: BodyLimits): ServiceError {
  return new ServiceError(
    'PAYLOAD_TOO_LARGE',
    `the body is larger than ${String(mostBytes)} bytes; send a smaller one`,
  );
}

// Rancher's proxy announces such a form's length and then sends none of it (recording g_proxy_post_form_charset).
function incomplete(what: string): ServiceError {
  return new ServiceError(
    'PAYLOAD_INCOMPLETE',
    `the body ${what}; Rancher's proxy loses the body of a form whose content type has a charset: send the form without charset, or JSON`,
  );
}
