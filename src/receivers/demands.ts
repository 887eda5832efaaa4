import * as z from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { notOne, shown } from '../domain/shown.ts';
import { AllowedSources, namedSources } from './allowed-sources.ts';
import { GivenSecret, HeldSecret, mergeSecrets } from './secrets.ts';
import type { Secret } from './secrets.ts';
import { tellingIssue } from './telling-issue.ts';

/** How a sender proves who it is; each as `docs/security.md` describes it. */
const signatureKinds = ['hmac-sha256', 'github', 'grafana', 'gitlab', 'harbor', 'bearer', 'basic'] as const;

type SignatureKind = (typeof signatureKinds)[number];

/** Those that sign the bytes of the body. */
export const signingKinds: ReadonlySet<SignatureKind> = new Set(['hmac-sha256', 'github', 'grafana']);
/** Those that stand in `Authorization`, which Rancher's proxy takes away (recording g_proxy_post_authorization_bearer). */
const authorizationKinds: ReadonlySet<SignatureKind> = new Set(['harbor', 'bearer', 'basic']);

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/)
  .transform((name) => name.toLowerCase())
  .refine((name) => !['authorization', 'cookie', 'host', 'content-length', 'transfer-encoding'].includes(name));

/** A whole number within bounds; what is wrong with another is said with its value. */
function whole(least: number, most: number) {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `${notOne(input)}; a whole number from ${String(least)} to ${String(most)} is needed`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

const signatureShape = {
  kind: z.enum(signatureKinds),
  /** Where `hmac-sha256` and `grafana` find the signature. */
  header: HeaderName.optional(),
  /** Where they find the time; with it the signature is over `<time>:<body>`, and replays are refused. */
  timestampHeader: HeaderName.optional(),
  toleranceSeconds: whole(10, 3_600).optional(),
};

export const HeldSignature = z.object({ ...signatureShape, secrets: z.array(HeldSecret).min(1).max(2) });
export type HeldSignature = z.infer<typeof HeldSignature>;

const GivenSignature = z.strictObject({ ...signatureShape, secrets: z.array(GivenSecret).min(1).max(2).optional() });

/** Who may trigger a receiver, as its owner sets it. */
export interface SignatureSettings extends Omit<HeldSignature, 'secrets'> {
  readonly secrets: readonly Secret[];
}

export const RateLimit = z.strictObject({
  triggers: whole(1, 100_000),
  perSeconds: whole(1, 86_400),
});
export type RateLimit = z.infer<typeof RateLimit>;

/**
 * The `signature` of a receiver from a body; null takes it away. Secrets that are not named are made.
 * @throws ServiceError SETTINGS_INVALID, SECRET_UNKNOWN.
 */
export function parseSignature(given: unknown, current: SignatureSettings | undefined): SignatureSettings | undefined {
  if (given === null || given === undefined) return undefined;
  const parsed = GivenSignature.safeParse(given);
  if (!parsed.success) throw invalid('signature', parsed.error);
  const { secrets, ...rest } = parsed.data;
  const takesHeaders = rest.kind === 'hmac-sha256' || rest.kind === 'grafana';
  const stray = (['header', 'timestampHeader', 'toleranceSeconds'] as const).find((name) => rest[name] !== undefined);
  if (stray !== undefined && !takesHeaders) {
    throw refuse(`signature.${stray}`, `${rest.kind} has its own headers and takes none; leave it out`);
  }
  if (rest.toleranceSeconds !== undefined && rest.timestampHeader === undefined) {
    throw refuse('signature.toleranceSeconds', 'without a timestampHeader there is no age to tolerate; leave it out');
  }
  // A secret for one kind may be known to somebody whom another kind would admit.
  const held = current?.kind === rest.kind ? current.secrets : [];
  const merged = mergeSecrets(secrets, held, 'signature');
  for (const secret of merged) {
    if (rest.kind === 'basic' && 'plain' in secret && !/^[^:]+:.+$/.test(secret.plain)) {
      throw refuse('signature.secrets', 'basic needs the secret as user:password; give one');
    }
  }
  return { ...rest, secrets: merged };
}

/** @throws ServiceError SETTINGS_INVALID naming the entry that is no address, CIDR range or named list. */
export function parseAllowedSources(given: unknown): AllowedSources | undefined {
  if (given === null || given === undefined) return undefined;
  const parsed = AllowedSources.safeParse(given);
  if (parsed.success) return parsed.data;
  const names = Object.keys(namedSources).join(', ');
  const [index] = parsed.error.issues[0]?.path ?? [];
  const wrong: unknown = Array.isArray(given) && typeof index === 'number' ? given[index] : given;
  throw refuse(
    index === undefined ? 'allowedSources' : `allowedSources.${String(index)}`,
    `${shown(wrong)} will not do; 1 to 64 addresses, CIDR ranges as 10.0.0.0/8, or named lists (${names}) are needed`,
  );
}

/** @throws ServiceError SETTINGS_INVALID naming field and bounds. */
export function parseRateLimit(given: unknown): RateLimit | undefined {
  if (given === null || given === undefined) return undefined;
  const parsed = RateLimit.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalid('rateLimit', parsed.error);
}

/**
 * Refuses what can never be met where callers come through Rancher's proxy, so that its owner hears it and not his monitor at night.
 * @throws ServiceError SETTINGS_INVALID with the reason.
 */
export function requirePossibleBehindProxy(demands: {
  readonly signature?: SignatureSettings | undefined;
  readonly allowedSources?: AllowedSources | undefined;
  readonly formatBody: 'any' | 'json' | 'form';
}): void {
  const { signature, allowedSources, formatBody } = demands;
  if (allowedSources !== undefined) {
    throw refuse(
      'allowedSources',
      "Rancher's proxy does not say which address called it; leave them out, or install the service on its own port",
    );
  }
  if (signature === undefined) return;
  if (authorizationKinds.has(signature.kind)) {
    throw refuse(
      'signature.kind',
      `"${signature.kind}" stands in the Authorization header, which Rancher's proxy takes away; use gitlab or hmac-sha256, or install the service on its own port`,
    );
  }
  if (formatBody === 'form' && signingKinds.has(signature.kind)) {
    throw refuse(
      'signature.kind',
      "Rancher's proxy builds forms anew, so that a signature over their bytes never matches; use gitlab, or install the service on its own port",
    );
  }
}

function invalid(fieldName: string, error: z.ZodError): ServiceError {
  const issue = tellingIssue(error);
  const unknown = issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : undefined;
  const path = [fieldName, ...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown.slice(0, 64)])].join('.');
  return refuse(
    path,
    unknown === undefined ? (issue?.message ?? 'it is not valid') : 'this field is unknown; remove it',
  );
}

function refuse(fieldName: string, message: string): ServiceError {
  return new ServiceError('SETTINGS_INVALID', `Invalid ${fieldName}: ${message}`, { fieldName });
}
