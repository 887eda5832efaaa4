import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Operation } from '../../src/rancher/operations.ts';
import { interruptionError, refusalError } from '../../src/rancher/errors.ts';
import { rancherError } from './support/loopback.ts';

interface RecordedAnswer {
  readonly operation: Operation;
  readonly status: number;
  readonly body: object;
  readonly expected: { readonly code: string; readonly applied: string };
}

const folder = new URL('../fixtures/rancher-answers/', import.meta.url);
const recorded = readdirSync(folder).map((file): [string, RecordedAnswer] => [
  file,
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedAnswer,
]);

describe('rancher/errors', () => {
  it.each(recorded)('maps the recorded answer %s', (_, { operation, status, body, expected }) => {
    const error = refusalError({ operation, status, body });

    expect({ code: error.code, applied: error.details.applied }).toEqual(expected);
    expect(error.details.rancherStatus).toBe(status);
    expect(error.message).not.toMatch(/\.$/);
  });

  it.each([
    [400, 'RANCHER_REJECTED', 'no'],
    [401, 'RANCHER_UNAUTHORIZED', 'no'],
    [402, 'RANCHER_REJECTED', 'no'],
    [403, 'RANCHER_UNAUTHORIZED', 'no'],
    [404, 'RANCHER_NOT_FOUND', 'no'],
    [405, 'RANCHER_REJECTED', 'no'],
    [406, 'RANCHER_REJECTED', 'no'],
    [408, 'RANCHER_UNAVAILABLE', 'no'],
    [409, 'RANCHER_CONFLICT', 'no'],
    [410, 'RANCHER_REJECTED', 'no'],
    [412, 'RANCHER_REJECTED', 'no'],
    [413, 'RANCHER_REJECTED', 'no'],
    [415, 'RANCHER_REJECTED', 'no'],
    [422, 'RANCHER_REJECTED', 'no'],
    [425, 'RANCHER_REJECTED', 'no'],
    [429, 'RANCHER_RATE_LIMITED', 'no'],
    [431, 'RANCHER_REJECTED', 'no'],
    [499, 'RANCHER_REJECTED', 'no'],
    [500, 'RANCHER_UNAVAILABLE', 'unknown'],
    [501, 'RANCHER_UNAVAILABLE', 'unknown'],
    [502, 'RANCHER_UNAVAILABLE', 'unknown'],
    [503, 'RANCHER_UNAVAILABLE', 'unknown'],
    [504, 'RANCHER_UNAVAILABLE', 'unknown'],
    [599, 'RANCHER_UNAVAILABLE', 'unknown'],
  ] as const)('maps %i of Rancher itself to %s, applied %s', (status, code, applied) => {
    const error = refusalError({ operation: 'update service', status, body: rancherError(status, 'Some Code') });

    expect(error).toMatchObject({ code, details: { applied, rancherStatus: status, rancherCode: 'Some Code' } });
  });

  it.each([
    [301, 'RANCHER_UNAVAILABLE', 'unknown'],
    [303, 'RANCHER_UNAVAILABLE', 'unknown'],
    [401, 'RANCHER_UNAUTHORIZED', 'no'],
    [404, 'RANCHER_UNAVAILABLE', 'no'],
    [413, 'RANCHER_REJECTED', 'no'],
    [500, 'RANCHER_UNAVAILABLE', 'unknown'],
    [502, 'RANCHER_UNAVAILABLE', 'unknown'],
  ] as const)('maps %i of something in front of Rancher to %s, applied %s', (status, code, applied) => {
    const error = refusalError({ operation: 'update service', status, body: undefined });

    expect(error).toMatchObject({ code, details: { applied } });
    expect(error.details).not.toHaveProperty('rancherStatus');
  });

  it('says nothing about having been applied when the call only reads', () => {
    const error = refusalError({ operation: 'read service', status: 500, body: undefined });

    expect(error.details).not.toHaveProperty('applied');
  });

  it('names the field that Rancher refused', () => {
    const body = rancherError(422, 'MinLimitExceeded', 'scale');

    const error = refusalError({ operation: 'update service', status: 422, body });

    expect(error.details).toMatchObject({ fieldName: 'scale', rancherCode: 'MinLimitExceeded' });
    expect(error.message).toBe('cannot update service: rancher answered 422 MinLimitExceeded scale');
  });

  it.each([
    ['120', 120],
    ['999999999', 3_600],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 3_600],
    ['soon', undefined],
    [null, undefined],
  ])('reads Retry-After %p as %p seconds', (retryAfter, retryAfterSeconds) => {
    const error = refusalError({ operation: 'update service', status: 429, body: undefined, retryAfter });

    expect(error.details.retryAfterSeconds).toBe(retryAfterSeconds);
  });

  it.each([
    [false, 'no'],
    [true, 'unknown'],
  ] as const)('takes a write whose hand-over was %p as applied %s', (isHandedOver, applied) => {
    const error = interruptionError({ operation: 'create host', reason: 'time-out', isHandedOver, timeoutMs: 10 });

    expect(error).toMatchObject({ code: 'RANCHER_UNAVAILABLE', details: { applied } });
  });
});
