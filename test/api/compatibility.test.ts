import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlainAnswer } from '../support/http-client.ts';
import { startApi } from '../support/running-api.ts';
import type { RunningApi } from '../support/running-api.ts';
import { readPeerCases, readRows } from './support/compatibility-table.ts';
import type { PeerCase, Row } from './support/compatibility-table.ts';
import { differences } from './support/differences.ts';
import type { Difference } from './support/differences.ts';
import { differentAnswers } from './support/different-answers.ts';
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
    const different = rows.filter(({ verdict }) => verdict === 'different');
    expect(different.filter(({ why }) => why === '')).toEqual([]);
    expect(Object.keys(differentAnswers).toSorted()).toEqual(different.map(({ name }) => name).toSorted());
  });

  it.each(sorted.map((row) => [row.name, row] as const))('%s', async (name, row) => {
    const recorded = cases.get(name);
    if (recorded === undefined) throw new Error(`nothing is recorded for ${name}`);

    const { answer, scale } = await scenario.play(fileOf(name), recorded);

    const found = differences(asRecorded(recorded), asAnswered(answer)).filter((one) => !isInEveryAnswer(one, answer));
    const declared = differentAnswers[name];
    if (declared === undefined) expect(found).toEqual([]);
    else {
      const { status, headers = {}, body = {}, only } = declared;
      expect(answer).toMatchObject({ status, headers, body });
      expect(found).not.toEqual([]);
      if (only !== undefined) expect(found.map(({ path }) => path).toSorted()).toEqual(only.toSorted());
    }
    expect({ verdict: row.verdict, scale: scale?.after }).toEqual({
      verdict: declared === undefined ? 'equal' : 'different',
      scale: scale?.expected,
    });
  });
});

/** A recorded answer with our addresses, ids and keys in it, and of a list only what was made here, too. */
function asRecorded({ response }: PeerCase): Parameters<typeof differences>[0] {
  const { status, headers, text } = response;
  const body = response.body ?? (text === undefined || text === '' ? undefined : text);
  const written = alike(body);
  if (isCollection(written)) {
    const made = written.data.filter(({ id = '', driver }) => driver === undefined || scenario.hasMade(id));
    return { status, headers: alike(headers) as Readonly<Record<string, unknown>>, body: { ...written, data: made } };
  }
  return { status, headers: alike(headers) as Readonly<Record<string, unknown>>, body: written };
}

function asAnswered({ status, headers, text, body }: PlainAnswer): Parameters<typeof differences>[1] {
  const isJson = Object.keys(body).length > 0;
  const told = isJson ? body : text === '' ? undefined : text;
  return { status, headers: alike(headers) as Readonly<Record<string, unknown>>, body: alike(told) };
}

interface Listed {
  readonly id?: string;
  readonly driver?: string;
}

function isCollection(body: unknown): body is { readonly data: readonly Listed[] } {
  return Array.isArray((body as { readonly data?: unknown } | null | undefined)?.data);
}

function alike(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(scenario.alike(JSON.stringify(value))) as unknown);
}

/** The table "What differs in every answer", each line as narrow as it is said there. */
function isInEveryAnswer({ path, theirs, ours }: Difference, { status, body }: PlainAnswer): boolean {
  switch (path) {
    case 'header content-type':
      return ours === 'application/json; charset=utf-8' && (theirs === 'application/json' || status >= 400);
    case '.status':
      return theirs === 'Server Error' && ours === status;
    case '.state':
      return theirs === 'activating' && ours === 'active';
    case 'body':
      return theirs === undefined && status === 200 && body['type'] === 'execution' && 'outcome' in body;
    case '.links.self':
      return ours === `BASE/v1-webhooks/executions/${String(body['executionId'])}?projectId=1a5`;
    default:
      return /^\.data\[1go\d+\]\.url$/.test(path) && withoutBase(theirs) === withoutBase(ours);
  }
}

function withoutBase(url: unknown): string {
  return String(url).replace(/^(?:BASE|https?:\/\/[^/]+)/, '');
}
