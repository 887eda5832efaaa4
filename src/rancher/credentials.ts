import { ServiceError } from '../domain/errors.ts';
import type { Credentials } from './rancher.ts';

/**
 * The request headers that prove who the caller is: Basic for a key pair, a caller's `Authorization` as it came, or a
 * browser's `Cookie` header as it came with the value of `X-Api-Csrf`.
 * Throws RANCHER_UNAUTHORIZED when a value cannot stand in a header, before anything is sent.
 */
export function credentialHeaders(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  const headers = spell(credentials);
  for (const [name, value] of Object.entries(headers)) {
    // A line break would end the header and let a caller write headers of his own beside ours.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new ServiceError('RANCHER_UNAUTHORIZED', `the credentials hold a character that ${name} cannot carry`, {
        applied: 'no',
      });
    }
  }
  return headers;
}

function spell(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  if ('accessKey' in credentials) {
    const pair = Buffer.from(`${credentials.accessKey}:${credentials.secretKey}`, 'utf8').toString('base64');
    return { Authorization: `Basic ${pair}` };
  }
  if ('authorization' in credentials) return { Authorization: credentials.authorization };
  return { Cookie: credentials.cookie, 'X-Api-Csrf': credentials.csrf };
}
