import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { PlainRequest } from '../support/http-client.ts';

/** What a hostile request may know: some of it is right, so that the paths behind a first check are reached, too. */
export interface Known {
  readonly keys: readonly string[];
  readonly ids: readonly string[];
  readonly serviceId: string;
  /** Values that no log line may hold. */
  readonly secrets: readonly string[];
  readonly authorizations: readonly string[];
}

const deep = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);
const bombs = [
  deep('[', ']', 2_000),
  deep('{"a":', '}', 1_000).replace('}', '1}'),
  '['.repeat(4_000),
  `{"a":"${'\\u0000'.repeat(500)}"}`,
  `{${Array.from({ length: 300 }, (_, n) => `"k${String(n)}":${String(n)}`).join(',')}}`,
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
  '{"a":1e400,"b":-0,"c":9007199254740993,"d":0.1e-400}',
  '\uFEFF{}',
  '{"a":1}{"b":2}',
  'null',
  'x'.repeat(6_000),
];
const packed = gzipSync(Buffer.alloc(1_000_000)).subarray(0, 4_000);
const injections = [
  '\u2028{"level":"fatal"}',
  '%0d%0aSet-Cookie:%20a=b',
  '${jndi:ldap://x/a}',
  "' or 1=1 --",
  '../../etc/passwd',
  '..%2f..%2freceivers',
  '%00',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '%e0%80%af',
  '1a5%26projectId=1a7',
];

/** Any request at all, and more often one that is nearly right. */
export function hostileRequest(known: Known): fc.Arbitrary<PlainRequest> {
  const printable = fc.stringMatching(/^[!-~]{0,30}$/);
  const word = fc.oneof(
    printable,
    fc.constantFrom(...known.keys, ...known.ids, '1a5', '1a7', '1a5a', '__proto__', 'constructor', '..', '%', ''),
    fc.constantFrom(...injections),
  );
  const urlWord = word.map((text) => text.replaceAll(/[^!-~]|#/g, '_'));
  const path = fc.oneof(
    fc.constantFrom(...known.keys).map((key) => `/v1-webhooks/endpoint/1a5/${key}`),
    fc.constantFrom('/v1-webhooks', '/v1-webhooks/endpoint', '/v1-webhooks/receivers', '/v1-webhooks/executions'),
    fc.constantFrom('/healthz', '/readyz', '/metrics', '//', '/v1-webhooks/../receivers', '/V1-WEBHOOKS/receivers'),
    fc.constantFrom(...known.ids).map((id) => `/v1-webhooks/receivers/${id}`),
    fc.array(urlWord, { maxLength: 5 }).map((parts) => `/v1-webhooks/${parts.join('/')}`),
    urlWord.map((text) => `/${text}`),
  );
  const parameter = fc.oneof(
    fc.constantFrom(...known.keys).map((key) => `key=${key}`),
    fc.constantFrom('projectId=1a5', 'projectId=1a7', 'projectId=1a5&projectId=1a7', 'dryRun=true', 'wait=settled'),
    fc.constantFrom('action=pause', 'action=resume', 'action=test', 'action=adopt', 'limit=-1', '__proto__=1'),
    fc
      .tuple(fc.constantFrom('key', 'projectId', 'token', 'action', 'marker', 'x'), urlWord)
      .map(([a, b]) => `${a}=${b}`),
  );
  const receiver = fc
    .record(
      {
        name: fc.oneof(fc.string({ maxLength: 20 }), fc.jsonValue()),
        driver: fc.oneof(fc.constant('scaleService'), fc.jsonValue()),
        scaleServiceConfig: fc.oneof(
          fc.record({
            serviceId: fc.oneof(fc.constant(known.serviceId), fc.jsonValue()),
            action: fc.constantFrom('up', 'down', 'sideways'),
            amount: fc.oneof(fc.constant(1), fc.jsonValue()),
            min: fc.constant(1),
            max: fc.oneof(fc.constant(5), fc.jsonValue()),
          }),
          fc.jsonValue(),
        ),
        format: fc.oneof(fc.constantFrom('auto', 'generic', 'alertmanager'), fc.jsonValue()),
        formatSettings: fc.jsonValue(),
        signature: fc.oneof(
          fc.constant({ kind: 'gitlab', secrets: [{ secret: known.secrets[0] }] }),
          fc.record({
            kind: fc.constantFrom('github', 'basic', 'md5'),
            header: fc.jsonValue(),
            secrets: fc.jsonValue(),
          }),
          fc.jsonValue(),
        ),
        allowedSources: fc.oneof(fc.constant(['cloudmonitor']), fc.jsonValue()),
        rateLimit: fc.oneof(fc.constant({ triggers: 1, perSeconds: 1 }), fc.jsonValue()),
        callback: fc.oneof(fc.constant({ url: 'http://169.254.169.254/' }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
  const alert = fc
    .record({ version: fc.constant('4'), status: fc.jsonValue(), alerts: fc.jsonValue(), groupKey: fc.jsonValue() })
    .map((value) => JSON.stringify(value));
  const body = fc.oneof(
    fc.constant(undefined),
    receiver,
    alert,
    fc.constantFrom(...bombs),
    fc.constantFrom(packed),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ maxLength: 300, unit: 'binary' }),
    word.map((text) => `key=${text}&projectId=1a5&projectId=1a7&__proto__=1`),
  );
  const header = word.map((text) => text.replaceAll(/[^!-~]/g, '_'));
  const headers = fc
    .record(
      {
        'content-type': fc.oneof(
          fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'),
          header,
        ),
        'content-encoding': fc.oneof(fc.constantFrom('gzip', 'identity', 'br'), header),
        authorization: fc.oneof(fc.constantFrom(...known.authorizations), header),
        cookie: fc.oneof(fc.constant('token=a; CSRF=b; CSRF=c'), header),
        'x-api-csrf': fc.constant('b'),
        'x-api-roles': fc.constantFrom('v1-owner', 'owner,admin', ''),
        'x-api-project-id': fc.constantFrom('1a5', '1a!-1'),
        'x-forwarded-for': fc.oneof(fc.constant('127.0.0.1, ::1'), header),
        'x-forwarded-host': header,
        'x-forwarded-proto': fc.oneof(fc.constant('https'), header),
        'x-gitlab-token': fc.oneof(fc.constantFrom(...known.secrets), header),
        'x-hub-signature-256': fc.oneof(fc.constant(`sha256=${'0'.repeat(64)}`), header),
        'idempotency-key': fc.oneof(fc.constantFrom('a', 'k'.repeat(300)), header),
        prefer: fc.oneof(fc.constant('respond-async'), header),
      },
      { requiredKeys: [] },
    )
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')));
  return fc
    .record({
      method: fc.constantFrom('POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'TRACE'),
      path,
      query: fc.array(parameter, { maxLength: 5 }),
      headers,
      body,
    })
    .map(({ method, path: at, query, headers: given, body: sent }) => ({
      method,
      path: `${at}${query.length === 0 ? '' : `?${query.join('&')}`}`,
      headers: given,
      ...(sent === undefined ? {} : { body: sent }),
    }));
}
