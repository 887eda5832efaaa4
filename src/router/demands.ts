import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { ServiceError } from '../domain/errors.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import { namedSources } from '../receivers/allowed-sources.ts';
import { signingKinds } from '../receivers/demands.ts';
import type { HeldSignature, RateLimit } from '../receivers/demands.ts';
import type { Receiver } from '../receivers/receiver.ts';
import type { Sealing } from '../receivers/sealing.ts';
import { openSecret } from '../receivers/secrets.ts';
import type { TriggerRequest } from './trigger-request.ts';

/** Counts triggers; shared by all replicas where they share a database. */
interface TriggerRates {
  /**
   * Takes one of a receiver's triggers; answers how long to wait when there is none left.
   * @throws ServiceError STORE_UNAVAILABLE when it cannot be counted.
   */
  take(receiver: string, limit: RateLimit): Promise<{ readonly waitMs: number } | undefined>;
}

export interface DemandsOptions {
  readonly sealing: Sealing;
  readonly drivers: readonly AnyDriver[];
  readonly rates: TriggerRates;
  readonly installPlace: 'own-port' | 'rancher-proxy';
  /** `TRUST_EXISTING_RECEIVERS`. */
  readonly trustExistingReceivers: boolean;
  /** `ALLOWED_SOURCES`, for receivers that name none; absent: every address. */
  readonly defaultAllowedSources?: readonly string[];
  /** Milliseconds since 1970, for the senders' timestamps. */
  readonly nowMs?: () => number;
}

/** A signed request that must not count twice. */
interface SignedOnce {
  readonly text: string;
  readonly livesForMs: number;
}

/** What a receiver demands of whoever triggers it. */
export interface Demands {
  /**
   * @throws ServiceError SOURCE_NOT_ALLOWED, TRIGGER_UNAUTHENTICATED, TRIGGER_REPLAYED, RATE_LIMITED, RECEIVER_UNVERIFIED,
   * SEALING_KEY_CHANGED, and what counting throws.
   */
  check(receiver: Receiver, request: TriggerRequest): Promise<SignedOnce | undefined>;
  /** The part of it that holds without a request: whether the receiver may act at all. @throws ServiceError RECEIVER_UNVERIFIED, SEALING_KEY_CHANGED. */
  checkProvenance(receiver: Receiver): void;
}

const defaultToleranceSeconds = 300;
const defaultHeaders: Readonly<Partial<Record<HeldSignature['kind'], string>>> = {
  'hmac-sha256': 'x-hub-signature-256',
  github: 'x-hub-signature-256',
  grafana: 'x-grafana-alerting-signature',
};

/** The checks between finding a receiver and reading a trigger's body. */
export function createDemands(options: DemandsOptions): Demands {
  const { sealing, drivers, rates, installPlace, trustExistingReceivers, defaultAllowedSources } = options;
  const { nowMs = Date.now } = options;
  const checkProvenance = (receiver: Receiver): void => {
    if (!trustExistingReceivers) requireProvenance(receiver, drivers);
  };
  return {
    async check(receiver, request) {
      requireSource(receiver, defaultAllowedSources, request.sourceAddress);
      const signedOnce =
        receiver.signature === undefined
          ? undefined
          : requireSignature(receiver.signature, {
              request,
              installPlace,
              nowMs: nowMs(),
              secrets: openSecrets(receiver, receiver.signature, sealing),
            });
      checkProvenance(receiver);
      if (receiver.rateLimit !== undefined) await requireRate(receiver, receiver.rateLimit, rates);
      return signedOnce;
    },
    checkProvenance,
  };
}

function requireSource(
  receiver: Receiver,
  byDefault: readonly string[] | undefined,
  address: string | undefined,
): void {
  const allowed = receiver.allowedSources ?? byDefault;
  if (allowed === undefined) return;
  const who = receiver.allowedSources === undefined ? 'this installation' : 'this receiver';
  if (address === undefined || !ipaddr.isValid(address)) {
    throw new ServiceError(
      'SOURCE_NOT_ALLOWED',
      `${who} admits certain addresses only, and the address of the caller cannot be known here; check TRUSTED_HOPS and the place of installation`,
    );
  }
  // IPv4 callers of a socket that listens on both arrive as ::ffff:192.0.2.1.
  const caller = ipaddr.process(address);
  const isAllowed = allowed
    .flatMap((source) => namedSources[source] ?? [source])
    .some((source) => {
      const [range, prefix] = ipaddr.parseCIDR(
        source.includes('/') ? source : `${source}/${source.includes(':') ? '128' : '32'}`,
      );
      return range.kind() === caller.kind() && caller.match(range, prefix);
    });
  if (isAllowed) return;
  const remedy =
    receiver.allowedSources === undefined
      ? 'its operator sets ALLOWED_SOURCES, and allowedSources of the receiver goes before it'
      : 'its owner sets allowedSources';
  throw new ServiceError('SOURCE_NOT_ALLOWED', `${who} does not admit the address ${caller.toString()}; ${remedy}`);
}

function requireProvenance(receiver: Receiver, drivers: readonly AnyDriver[]): void {
  if (receiver.provenance === 'ours') return;
  if (drivers.find(({ id }) => id === receiver.driver)?.provenance !== 'ours') return;
  if (receiver.provenance === 'other-key') {
    throw new ServiceError(
      'SEALING_KEY_CHANGED',
      `receiver ${receiver.name} was written with another sealing key; put the old SEALING_KEY back, or let somebody who may do what it does adopt it (?action=adopt, "receivers adopt")`,
    );
  }
  throw new ServiceError(
    'RECEIVER_UNVERIFIED',
    `receiver ${receiver.name} was not written by this service, or was changed by hand; let somebody who may do what it does adopt it (?action=adopt, "receivers adopt")`,
  );
}

async function requireRate({ projectId, id, name }: Receiver, limit: RateLimit, rates: TriggerRates): Promise<void> {
  const refused = await rates.take(`${projectId}/${id}`, limit);
  if (refused === undefined) return;
  throw new ServiceError(
    'RATE_LIMITED',
    `receiver ${name} takes ${String(limit.triggers)} triggers in ${String(limit.perSeconds)} s; try again later`,
    { retryAfterSeconds: Math.max(1, Math.ceil(refused.waitMs / 1000)) },
  );
}

function openSecrets(receiver: Receiver, { secrets }: HeldSignature, sealing: Sealing): readonly string[] {
  const { projectId, uid = '' } = receiver;
  return secrets.map((secret) => openSecret(secret, 'signature', { projectId, uid }, sealing));
}

interface Presented {
  readonly request: TriggerRequest;
  readonly installPlace: DemandsOptions['installPlace'];
  readonly nowMs: number;
  readonly secrets: readonly string[];
}

function requireSignature(signature: HeldSignature, presented: Presented): SignedOnce | undefined {
  const { request, secrets } = presented;
  if (signingKinds.has(signature.kind)) return requireMac(signature, presented);
  const given = signature.kind === 'gitlab' ? request.trigger.headers['x-gitlab-token'] : request.authorization;
  if (given === undefined) {
    const header = signature.kind === 'gitlab' ? 'X-Gitlab-Token' : 'Authorization';
    throw unauthenticated(`the header ${header} is missing`);
  }
  if (!secrets.some((secret) => isSameText(given, expectedText(signature.kind, secret)))) {
    throw unauthenticated('the secret does not match');
  }
  return undefined;
}

function expectedText(kind: HeldSignature['kind'], secret: string): string {
  if (kind === 'bearer') return `Bearer ${secret}`;
  if (kind === 'basic') return `Basic ${Buffer.from(secret, 'utf8').toString('base64')}`;
  return secret;
}

function requireMac(
  signature: HeldSignature,
  { request, installPlace, nowMs, secrets }: Presented,
): SignedOnce | undefined {
  const { headers, body, contentType } = request.trigger;
  if (installPlace === 'rancher-proxy' && contentType === 'application/x-www-form-urlencoded') {
    throw unauthenticated("Rancher's proxy builds forms anew, so their signature cannot be checked; send JSON");
  }
  const header = signature.header ?? defaultHeaders[signature.kind] ?? '';
  const given = headers[header];
  if (given === undefined) throw unauthenticated(`the header ${header} is missing`);
  const mac = (signature.kind === 'github' ? /^sha256=([0-9a-f]{64})$/i : /^(?:sha256=)?([0-9a-f]{64})$/i).exec(
    given,
  )?.[1];
  if (mac === undefined) throw unauthenticated(`the header ${header} holds no hexadecimal HMAC-SHA256`);
  const time = signature.timestampHeader === undefined ? undefined : headers[signature.timestampHeader];
  if (signature.timestampHeader !== undefined && !/^\d{10}(?:\d{3})?$/.test(time ?? '')) {
    throw unauthenticated(`the header ${signature.timestampHeader} holds no time in seconds since 1970`);
  }
  const received = Buffer.from(mac, 'hex');
  const isSigned = secrets.some((secret) => {
    const expected = createHmac('sha256', secret);
    if (time !== undefined) expected.update(`${time}:`);
    return timingSafeEqual(expected.update(body).digest(), received);
  });
  if (!isSigned) throw unauthenticated('the signature does not match the body');
  return time === undefined ? undefined : requireRecent(signature, time, mac, nowMs);
}

function requireRecent(signature: HeldSignature, time: string, mac: string, nowMs: number): SignedOnce {
  const toleranceMs = (signature.toleranceSeconds ?? defaultToleranceSeconds) * 1000;
  const atMs = time.length === 13 ? Number(time) : Number(time) * 1000;
  if (Math.abs(nowMs - atMs) > toleranceMs) {
    throw new ServiceError(
      'TRIGGER_REPLAYED',
      `the request was signed more than ${String(toleranceMs / 1000)} s from now; sign each request anew and check the clocks`,
    );
  }
  // A clock that runs ahead by the whole tolerance is believed for twice as long.
  return { text: mac.toLowerCase(), livesForMs: 2 * toleranceMs };
}

/** Their hashes are compared: equal lengths, and a time that tells nothing of the texts. */
function isSameText(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

function unauthenticated(reason: string): ServiceError {
  return new ServiceError('TRIGGER_UNAUTHENTICATED', `this receiver demands proof of who calls: ${reason}`);
}
