import { createHmac } from 'node:crypto';
import { lookup as lookUpName } from 'node:dns/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import fetch from 'node-fetch';
import { hostOf, isSameAddress } from '../domain/address-policy.ts';
import { ServiceError } from '../domain/errors.ts';
import type { OpenDestination } from './destination.ts';

export interface PostOptions {
  /** Whether an IP address may be called; domain/address-policy.ts. */
  readonly mayDial: (address: string) => boolean;
  /** Rancher is never posted to, wherever it is. */
  readonly rancherUrl: string;
  /** For a whole attempt, looking up names included. Default 10,000. */
  readonly timeoutMs?: number;
  /** Every address of a name; not asked about what is an address. The system's resolver unless a test gives another. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** One result on its way. */
export interface Result {
  readonly executionId: string;
  readonly body: Buffer;
  /** Seconds since 1970. */
  readonly atSeconds: number;
}

const defaultTimeoutMs = 10_000;

/**
 * Posts a result once and answers the status. The name is resolved once, every address of it judged, and one of those
 * dialled: a name that changes its mind in between leads nowhere else. Redirects are not followed.
 * @throws ServiceError ADDRESS_REFUSED; RANCHER_UNAVAILABLE while it cannot be told where Rancher is; or what the connection or the time-out throws.
 */
export async function postResult(
  { url: text, secret }: OpenDestination,
  { executionId, body, atSeconds }: Result,
  options: PostOptions,
): Promise<number> {
  const url = new URL(text);
  // One deadline for all of it: a name server that hangs must not keep an attempt going until another replica claims the result.
  const signal = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
  const address = await within(signal, addressToDial(url, options));
  const Agent = url.protocol === 'https:' ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: false, lookup: always(address) });
  const time = String(atSeconds);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'receiver-hooks',
        'X-Receiver-Hooks-Delivery': executionId,
        'X-Receiver-Hooks-Timestamp': time,
        'X-Receiver-Hooks-Signature': `sha256=${createHmac('sha256', secret).update(`${time}:`).update(body).digest('hex')}`,
      },
      body,
      agent,
      redirect: 'manual',
      compress: false,
      signal,
    });
    // Nothing of the answer is read: its sender is not trusted with our memory.
    if (response.body !== null && 'destroy' in response.body) {
      response.body.on('error', () => undefined);
      (response.body as { destroy(): void }).destroy();
    }
    return response.status;
  } finally {
    agent.destroy();
  }
}

/**
 * Whether an address may be posted to, as far as it can be told without resolving names: for the moment it is saved.
 * @throws ServiceError ADDRESS_REFUSED.
 */
export function refuseKnownAddress(url: string, mayDial: PostOptions['mayDial']): void {
  const host = hostOf(new URL(url));
  if (isIP(host) !== 0 && !mayDial(host)) throw refused();
  if (/(?:^|\.)localhost\.?$/i.test(host)) throw refused();
}

async function addressToDial(url: URL, options: PostOptions): Promise<string> {
  const { mayDial, rancherUrl, resolve = resolveAll } = options;
  const addressesOf = async (host: string): Promise<readonly string[]> => (isIP(host) === 0 ? resolve(host) : [host]);
  const host = hostOf(url);
  const rancherHost = hostOf(new URL(rancherUrl));
  const addresses = await addressesOf(host);
  const [first] = addresses;
  // One good address among bad ones is how a name is made to pass a check.
  if (first === undefined || host === rancherHost || !addresses.every(mayDial)) throw refused();
  const ofRancher = await addressesOf(rancherHost).catch((error: unknown) => {
    throw notTold(error);
  });
  // Nothing to compare with is not the same as nothing alike: Rancher would be called while its name is not known.
  if (ofRancher.length === 0) throw notTold(undefined);
  if (addresses.some((address) => ofRancher.some((one) => isSameAddress(one, address)))) throw refused();
  return first;
}

/** What cannot be cancelled goes on by itself when the time is over; nobody waits for it any more. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}

/** Every address that the system's resolver knows for a name. Throws what the resolver throws. */
export async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookUpName(host, { all: true, verbatim: true })).map(({ address }) => address);
}

function always(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, { all }, callback) => {
    if (all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

function notTold(cause: unknown): ServiceError {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  const why = typeof code === 'string' ? code : 'no address';
  return new ServiceError(
    'RANCHER_UNAVAILABLE',
    `it cannot be told whether the callback leads to Rancher, whose name was not resolved (${why}); check CATTLE_URL and the name server`,
    { cause },
  );
}

function refused(): ServiceError {
  return new ServiceError(
    'ADDRESS_REFUSED',
    'the callback leads to an address that may not be called: loopback, link-local, metadata, Rancher, or a private one without ALLOW_PRIVATE_CALLBACKS; use a public address',
    { fieldName: 'callback.url' },
  );
}
