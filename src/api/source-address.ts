import type { IncomingMessage } from 'node:http';

/**
 * The address of who called: that of the connection, or the one that the outermost of `trustedHops` proxies saw. Whatever
 * stands further left in `X-Forwarded-For` the caller may have written himself. Undefined when fewer proxies have spoken
 * than there should be: then somebody came round them.
 */
export function sourceAddressOf(request: IncomingMessage, trustedHops: number): string | undefined {
  const { remoteAddress } = request.socket;
  if (trustedHops === 0) return remoteAddress;
  const forwarded = request.headers['x-forwarded-for'];
  const seen = (typeof forwarded === 'string' ? forwarded : (forwarded ?? []).join(','))
    .split(',')
    .map((part) => withoutPort(part.trim()));
  const address = seen.at(-trustedHops);
  return address === '' ? undefined : address;
}

/** Some proxies write `203.0.113.7:41234` or `[2001:db8::1]:41234`. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
