import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drivers } from '../../src/drivers/drivers.ts';
import type { PlainAnswer } from '../support/http-client.ts';
import { startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';
import { readPeerCases, readRows } from './support/compatibility-table.ts';
import type { PeerCase, Row } from './support/compatibility-table.ts';
import { PeerScenario } from './support/peer-scenario.ts';

// In the recorded order, so that what is listed was made before; two cases stand in the file of another moment.
const order = ['version', 'schemas', 'create', 'create-errors', 'get', 'list', 'execute', 'delete'];
const cases = readPeerCases();
const rows = readRows();
const fileOf = (name: string): string => name.slice(0, name.indexOf(':'));
const place = ({ name }: Row): number => {
  if (name === 'list: list, empty') return -1;
  return name === 'create: same name again after delete' ? order.length : order.indexOf(fileOf(name));
};
const sorted = rows.toSorted((a, b) => place(a) - place(b));

let api: RunningApi;
let scenario: PeerScenario;

beforeAll(async () => {
  api = await startApi({ installPlace: 'rancher-proxy' });
  scenario = new PeerScenario(api);
});

afterAll(async () => {
  await api.close();
});

describe('api: docs/compatibility.md', () => {
  it('has one row for every recorded answer, and a reason for everything that is not equal', () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...cases.keys()].toSorted());
    expect(rows.filter(({ verdict, why }) => verdict !== 'equal' && why === '')).toEqual([]);
  });

  it('puts off only what belongs to drivers that are not there yet', () => {
    const isLater = ({ name }: Row): boolean => {
      const recorded = cases.get(name);
      const { driver } = (recorded?.request.body ?? {}) as { readonly driver?: string };
      if (driver !== undefined) return !drivers.some(({ id }) => id === driver);
      return /^execute: (?:upgrade|alicloud|scaleHost|forwardPost)/.test(name);
    };
    expect(rows.filter((row) => row.verdict === 'later' && !isLater(row))).toEqual([]);
  });

  it.each(sorted.map((row) => [row.name, row] as const))('%s', async (name, row) => {
    const recorded = cases.get(name);
    if (recorded === undefined) throw new Error(`nothing is recorded for ${name}`);

    const answer = await scenario.play(fileOf(name), recorded);

    const theirs = comparable(recorded.response.status, recorded.response.body, recorded.response.text);
    const ours = comparable(answer.status, answer.body, answer.text);
    if (row.verdict === 'equal') expectSuperset(ours, theirs);
    else if (row.verdict === 'later') expectNotThereYet(recorded, answer);
    else expect(() => expectSuperset(ours, theirs)).toThrow();
  });
});

interface Comparable {
  readonly status: number;
  readonly body: unknown;
}

/** Writes both sides alike, and takes out what docs/compatibility.md says of every answer at once. */
function comparable(
  status: number,
  body: Readonly<Record<string, unknown>> | undefined,
  text: string | undefined,
): Comparable {
  if (body === undefined || Object.keys(body).length === 0) {
    return { status, body: status < 300 ? undefined : scenario.alike(text ?? '') };
  }
  const written = JSON.parse(scenario.alike(JSON.stringify(body))) as Record<string, unknown>;
  if (written['type'] === 'error') delete written['status'];
  if (written['executionId'] !== undefined) written['links'] = { self: 'BASE/v1-webhooks/endpoint' };
  if (written['state'] === 'activating') written['state'] = 'active';
  if (Array.isArray(written['data'])) written['data'] = comparableList(written['data'] as readonly Listed[]);
  return { status, body: written };
}

interface Listed {
  readonly id?: string;
  readonly driver?: string;
}

// A URL is shown as the one who lists reaches us, not as the one did who made the receiver.
function comparableList(listed: readonly Listed[]): readonly unknown[] {
  return listed
    .filter(({ id = '', driver }) => driver === undefined || scenario.hasMade(id))
    .map((item) => JSON.parse(JSON.stringify(item).replaceAll(/https?:\/\/[^/"]+\//g, 'BASE/')) as unknown);
}

function expectSuperset(ours: Comparable, theirs: Comparable): void {
  expect(ours.status).toBe(theirs.status);
  expectContains(ours.body, theirs.body, '');
}

/** Every field of theirs is in ours with the same value, the messages too. */
function expectContains(ours: unknown, theirs: unknown, path: string): void {
  if (theirs === undefined) return;
  if (Array.isArray(theirs)) return expectContainsAll(ours, theirs as readonly Identified[], path);
  if (typeof theirs === 'object' && theirs !== null) {
    for (const [field, value] of Object.entries(theirs)) {
      expectContains((ours as Record<string, unknown> | undefined)?.[field], value, `${path}.${field}`);
    }
    return;
  }
  expect({ path, value: ours }).toEqual({ path, value: theirs });
}

interface Identified {
  readonly id?: string;
}

function expectContainsAll(ours: unknown, theirs: readonly Identified[], path: string): void {
  for (const item of theirs) {
    const same = (ours as readonly Identified[] | undefined)?.find(
      (candidate) => candidate === item || (item.id !== undefined && candidate.id === item.id),
    );
    expect({ path, found: same === undefined ? undefined : (item.id ?? item) }).toEqual({
      path,
      found: item.id ?? item,
    });
    expectContains(same, item, `${path}.${item.id ?? ''}`);
  }
}

function expectNotThereYet(recorded: PeerCase, answer: PlainAnswer): void {
  if (recorded.request.path.includes('/receivers')) {
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/^Invalid driver /) as unknown },
    });
  } else expect(answer.status).toBe(403);
}
