import { createPublicKey } from 'node:crypto';
import * as z from 'zod';
import { mostCooldownSeconds } from '../domain/scale-step.ts';
import { parseApiUrl } from '../rancher/api-url.ts';
import { AllowedSources } from '../receivers/allowed-sources.ts';
import { installPlaces, logLevels, triggerKeyForms } from './config.ts';
import type { Environment } from './environment.ts';
import { readTextFile } from './environment.ts';
import type { Mistake } from './mistakes.ts';
import { variables } from './variables.ts';

const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));

const wholeWithin = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const PostgresUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^postgres(ql)?:$/.test(url.protocol) && url.hostname !== '' && url.pathname.length > 1;
});

const HttpUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && !/[@?#]/.test(text);
});

const RancherUrl = HttpUrl.refine((text) => {
  try {
    parseApiUrl(text);
    return true;
  } catch {
    return false;
  }
});

const SealingKey = z.string().refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text));
const SourceList = z
  .string()
  .transform((text) => text.split(',').map((source) => source.trim()))
  .pipe(AllowedSources);
const Choice = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Only what is read. A key of this object is the variable's name, so an issue's path names the variable. */
const Values = z.object({
  CATTLE_URL: RancherUrl.optional(),
  CATTLE_ACCESS_KEY: z.string().optional(),
  CATTLE_SECRET_KEY: z.string().optional(),
  CATTLE_HOST_ACCESS_KEY: z.string().optional(),
  CATTLE_HOST_SECRET_KEY: z.string().optional(),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/)
    .optional(),
  PORT: Port.optional(),
  SANDBOX_PORT: Port.optional(),
  DATA_DIR: z.string().optional(),
  DATABASE_URL: PostgresUrl.optional(),
  HISTORY_DAYS: wholeWithin(1, 3_650).optional(),
  HISTORY_LIMIT: wholeWithin(1, 10_000_000).optional(),
  // Trigger URLs are made by adding the path to it.
  PUBLIC_URL: HttpUrl.refine((text) => !/\/v1-webhooks\/*$/.test(text)).optional(),
  INSTALL_PLACE: z.enum(installPlaces).optional(),
  LOG_LEVEL: z.enum(logLevels).optional(),
  RSA_PUBLIC_KEY_CONTENTS: z.string().optional(),
  RSA_PUBLIC_KEY_FILE: z.string().optional(),
  SEALING_KEY: SealingKey.optional(),
  TRIGGER_KEYS: z.enum(triggerKeyForms).optional(),
  TRUST_EXISTING_RECEIVERS: Choice.optional(),
  TRUSTED_HOPS: z.string().regex(/^\d$/).transform(Number).optional(),
  COOLDOWN_SECONDS: wholeWithin(0, mostCooldownSeconds).optional(),
  ALLOWED_SOURCES: SourceList.optional(),
  ALLOW_PRIVATE_CALLBACKS: Choice.optional(),
  ECS_ACCESS_KEY_SECRET: z.string().optional(),
  NODE_ENV: z.string().optional(),
});

export type Values = z.infer<typeof Values>;

const expectations: Readonly<Record<string, { readonly problem: string; readonly remedy: string }>> = {
  CATTLE_URL: {
    problem:
      'is not an address of Rancher 1.6 (http or https, without a user, ? and #, and no other API than /v1 or /v2-beta)',
    remedy: 'write it as http://rancher.example.com:8080 and the key into CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY',
  },
  PUBLIC_URL: {
    problem: 'is not a plain http or https address (without a user, ? and #, and without /v1-webhooks at its end)',
    remedy: 'write the address callers use, as https://hooks.example.com',
  },
  DATABASE_URL: {
    problem: 'is not the address of a PostgreSQL database',
    remedy:
      'write it as postgres://host:5432/database, with user:password@ before the host, or leave it out to use SQLite in DATA_DIR',
  },
  HISTORY_DAYS: { problem: 'is not a whole number from 1 to 3650', remedy: 'write a number of days, as 30' },
  HISTORY_LIMIT: {
    problem: 'is not a whole number from 1 to 10000000',
    remedy: 'write how many executions are kept, as 100000',
  },
  HOST: { problem: 'is not a host name or an IP address', remedy: 'write 0.0.0.0 for every address of the machine' },
  PORT: { problem: 'is not a whole number from 0 to 65535', remedy: 'write the port to listen on, as 8085' },
  SANDBOX_PORT: { problem: 'is not a whole number from 0 to 65535', remedy: 'write a free port, as 8081' },
  INSTALL_PLACE: { problem: 'is not a known place', remedy: `write one of: ${installPlaces.join(', ')}` },
  SEALING_KEY: { problem: 'is not the base64 of 32 bytes', remedy: 'make one with: openssl rand -base64 32' },
  TRIGGER_KEYS: { problem: 'is not a known form', remedy: `write one of: ${triggerKeyForms.join(', ')}` },
  TRUST_EXISTING_RECEIVERS: { problem: 'is neither true nor false', remedy: 'write true or false' },
  TRUSTED_HOPS: {
    problem: 'is not a whole number from 0 to 9',
    remedy: 'write how many proxies of yours stand before the service',
  },
  COOLDOWN_SECONDS: {
    problem: `is not a whole number from 0 to ${String(mostCooldownSeconds)}`,
    remedy: 'write seconds, as 300, or leave it out for none',
  },
  ALLOWED_SOURCES: {
    problem: 'is not a list of addresses, CIDR ranges and named lists with commas between them',
    remedy: 'write it as 10.0.0.0/8,2001:db8::7,cloudmonitor, or leave it out to take triggers from everywhere',
  },
  ALLOW_PRIVATE_CALLBACKS: { problem: 'is neither true nor false', remedy: 'write true or false' },
  LOG_LEVEL: { problem: 'is not a known level', remedy: `write one of: ${logLevels.join(', ')}` },
};

/** Parses what is set. A variable with a mistake is absent from the values, so that the checks after this one still run. */
export function parseVariables(environment: Environment): { readonly values: Values; readonly mistakes: Mistake[] } {
  const parsed = Values.safeParse(environment);
  if (parsed.success) return { values: parsed.data, mistakes: [] };
  const wrong = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
  const mistakes = [...wrong].map((variable) => {
    const { problem, remedy } = expectations[variable] ?? { problem: 'is not understood', remedy: 'leave it out' };
    const isSecret = variables.some(({ name, isSecret }) => name === variable && isSecret);
    const shown = isSecret ? 'its value' : `"${withoutUser(environment[variable] ?? '')}"`;
    return { variable, problem: `${shown} ${problem}`, remedy };
  });
  const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !wrong.has(name)));
  return { values: Values.parse(rest), mistakes };
}

/** The PEM of the old hooks' public key, from the variable or from the file; undefined when neither is set or a mistake was noted. */
export function readLegacyHookPublicKey(values: Values, mistakes: Mistake[]): string | undefined {
  const { RSA_PUBLIC_KEY_CONTENTS: contents, RSA_PUBLIC_KEY_FILE: path } = values;
  if (contents !== undefined && path !== undefined) {
    mistakes.push({
      variable: 'RSA_PUBLIC_KEY_FILE',
      problem: 'RSA_PUBLIC_KEY_CONTENTS is set, too',
      remedy: 'set only one of the two',
    });
    return undefined;
  }
  const variable = contents === undefined ? 'RSA_PUBLIC_KEY_FILE' : 'RSA_PUBLIC_KEY_CONTENTS';
  const pem = contents ?? (path === undefined ? undefined : readTextFile(path, variable, mistakes));
  if (pem === undefined || isRsaPublicKey(pem)) return pem;
  mistakes.push({
    variable,
    problem: 'it holds no RSA public key',
    remedy: 'give the PEM that begins with -----BEGIN PUBLIC KEY-----, as it was given to the old service',
  });
  return undefined;
}

/** A private key would be accepted where a public one is asked for, and a secret would lie where nobody expects one. */
function isRsaPublicKey(pem: string): boolean {
  if (pem.includes('PRIVATE KEY')) return false;
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** Somebody who writes a password into an address shall not find it in the error. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//…@').replace(/([?&][^=&]*=)[^&]*/g, '$1…');
}
