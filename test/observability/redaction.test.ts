import { describe, expect, it } from '@jest/globals';
import { ServiceError } from '../../src/domain/errors.ts';
import { redact, redactText } from '../../src/observability/redaction.ts';

const secret = 'S3cr3tS3cr3tS3cr3tS3cr3t';

describe('observability/redaction', () => {
  it.each([
    ['a key in a query', `http://h/v1-webhooks/endpoint?key=${secret}&projectId=1a5`],
    ['a key after another parameter', `/v1-webhooks/endpoint?projectId=1a5&key=${secret}`],
    ['an old token', `/v1-webhooks/endpoint?token=${secret}.${secret}.${secret}`],
    ['a key in a path', `POST /v1-webhooks/endpoint/1a5/${secret}?wait=settled`],
    ['a form body', `key=${secret}&projectId=1a5`],
    ['an encoded address in another', `http://h/?next=%2Fendpoint%3Fkey%3D${secret}`],
    ['a user in an address', `connect to http://user:${secret}@rancher:8080/v1 failed`],
    ['Basic credentials', `authorization: Basic ${secret}==`],
    ['Bearer credentials', `Bearer ${secret}`],
    ['two addresses in one text', `"?key=${secret}", then (?key=${secret})`],
  ])('takes %s out of a text', (_, text) => {
    expect(redactText(text)).not.toContain(secret);
    expect(redactText(text)).toContain('[redacted]');
  });

  it('hides a trigger key and a token wherever somebody put them', () => {
    const key = 'Ab1'.repeat(13).concat('Z');
    const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(20)}.${'b'.repeat(20)}`;

    expect(redactText(`environment ${key} is unknown`)).toBe('environment [redacted] is unknown');
    expect(redactText(`environment ${key}x is unknown`)).toBe(`environment ${key}x is unknown`);
    expect(redactText(`(${token})`)).toBe('([redacted])');
  });

  it('leaves the rest of a text alone', () => {
    const text = 'GET http://rancher:8080/v2-beta/projects/1a5/services?name=web&monkey=3 answered 409';

    expect(redactText(text)).toBe(text);
    expect(redactText(`?key=${secret}&projectId=1a5`)).toBe('?key=[redacted]&projectId=1a5');
  });

  it.each([
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'Set-Cookie',
    'x-api-csrf',
    'key',
    'accessKey',
    'CATTLE_SECRET_KEY',
    'token',
    'password',
    'body',
    'rawBody',
    'payload',
    'config',
    'scaleServiceConfig',
    'aliyunecsConfig',
    'launchConfig',
    'resourceData',
    'formatSettings',
    'secretValues',
    'publicValues',
    'dedupeKey',
    'idempotency-key',
    'x-hub-signature-256',
  ])('hides the field %s wherever it is', (field) => {
    const facts = { [field]: secret, deep: [{ headers: { [field]: { nested: secret } } }] };

    expect(JSON.stringify(redact(facts))).not.toContain(secret);
  });

  it('keeps the facts', () => {
    const facts = { status: 409, path: '/services/1s7', ok: true, ids: ['1s7'], none: null, outcome: 'scaled' };

    expect(redact(facts)).toEqual(facts);
  });

  it('redacts an error, its details and every cause', () => {
    const innermost = Object.assign(new Error(`request to http://h/?key=${secret} failed`), { request: secret });
    const middle = new ServiceError('RANCHER_UNAVAILABLE', 'no answer', { cause: innermost, rancherStatus: 502 });
    const outer = new Error('the round ended', { cause: middle });

    const shown = JSON.stringify(redact({ err: outer }));

    expect(shown).not.toContain(secret);
    expect(shown).toContain('RANCHER_UNAVAILABLE');
    expect(shown).toContain('502');
    expect(shown).toContain('the round ended');
  });

  it('hides bytes, which are bodies as a rule', () => {
    expect(JSON.stringify(redact({ received: Buffer.from(secret) }))).toBe('{"received":"[redacted]"}');
  });

  it('ends at what contains itself', () => {
    const facts: Record<string, unknown> = { name: 'a' };
    facts['self'] = facts;

    expect(redact(facts)).toEqual({ name: 'a', self: '[circular]' });
  });
});
