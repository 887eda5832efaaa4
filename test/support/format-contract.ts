import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { hasCode, type ErrorCode } from '../../src/domain/errors.ts';
import type { Signal, Trigger } from '../../src/domain/signal.ts';
import type { Format } from '../../src/formats/format.ts';
import { formats } from '../../src/formats/formats.ts';
import { parseTrigger, type ParsedTrigger } from '../../src/formats/parsed-trigger.ts';
import { chooseFormat } from '../../src/formats/recognise.ts';

/** One call as a sender makes it, with where it was read. */
interface Fixture {
  readonly format: string;
  readonly name: string;
  readonly source: string;
  /** Day on which it was taken down; a `note` in the file says when the source itself could not be opened. */
  readonly read: string;
  readonly contentType: string;
  readonly headers: Trigger['headers'];
  /** A text is sent as it is, everything else as JSON. */
  readonly body: unknown;
}

const folder = new URL('../fixtures/formats/', import.meta.url);
const pushes = new URL('../fixtures/pushes/', import.meta.url);

/** Every recorded or documented call of every format. */
export const fixtures: readonly Fixture[] = [
  ...readdirSync(folder).flatMap((format) =>
    readdirSync(new URL(`${format}/`, folder)).map((file) => ({
      headers: {},
      ...(readObject(new URL(`${format}/${file}`, folder)) as unknown as Omit<Fixture, 'format' | 'name' | 'headers'>),
      format,
      name: file.replace(/\.json$/, ''),
    })),
  ),
  ...readdirSync(pushes)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      format: file.replace(/[-.].*$/, ''),
      name: file.replace(/\.json$/, ''),
      source: 'test/fixtures/pushes/ORIGIN.md',
      read: '2026-11-23',
      contentType: 'application/json',
      headers: {},
      body: readObject(new URL(file, pushes)),
    })),
];

function readObject(path: URL): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

/** The call of a fixture. */
export function fixtureTrigger(format: string, name: string): ParsedTrigger {
  return triggerOf(fixtureOf(format, name));
}

/** The JSON body of a fixture, to be changed. */
export function fixtureBody(format: string, name: string): Record<string, unknown> {
  return structuredClone(fixtureOf(format, name).body) as Record<string, unknown>;
}

/** A call with another body than its fixture's. */
export function triggerOf({
  body,
  contentType = 'application/json',
  headers = {},
}: Partial<Pick<Fixture, 'contentType' | 'headers'>> & { readonly body: unknown }): ParsedTrigger {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return parseTrigger({ method: 'POST', headers, contentType, body: Buffer.from(text) });
}

function fixtureOf(format: string, name: string): Fixture {
  const found = fixtures.find((fixture) => fixture.format === format && fixture.name === name);
  if (found === undefined) throw new Error(`no fixture ${name} of format ${format}`);
  return found;
}

export interface FormatExpectation {
  /** What each fixture of the format says; every fixture must be listed. */
  readonly signals: Readonly<Record<string, Partial<Signal>>>;
  /** The owner's settings; none by default. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** `never`: no body can only be from this sender. */
  readonly recognised?: 'always' | 'never';
  /** Codes besides PAYLOAD_MALFORMED that a compatible wording asks for. */
  readonly refusals?: readonly ErrorCode[];
}

/** What every format must do, over all of its fixtures. */
export function describeFormat<Settings>(format: Format<Settings>, expected: FormatExpectation): void {
  const own = fixtures.filter((fixture) => fixture.format === format.id);
  const settings = format.Settings.parse(expected.settings ?? {});
  const codes: readonly ErrorCode[] = ['PAYLOAD_MALFORMED', ...(expected.refusals ?? [])];

  describe(`formats/${format.id}`, () => {
    it('has a kebab-case id, is registered, and says where each of its fixtures comes from', () => {
      expect(format.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(formats.map(({ id }) => id)).toContain(format.id);
      expect(own.map(({ name }) => name).sort()).toEqual(Object.keys(expected.signals).sort());
      for (const { source, read } of own)
        expect([source, read]).toEqual([expect.any(String), expect.stringMatching(/^20/)]);
    });

    it.each(Object.entries(expected.signals))('reads %s, and the same call into the same signal', (name, signal) => {
      const read = (): Signal => format.read(fixtureTrigger(format.id, name), settings);

      expect(read()).toMatchObject(signal);
      expect(read()).toEqual(read());
      expect(read().reason).toMatch(/^[^\n]{1,700}$/);
    });

    it.each(own.map(({ name }) => name))('is the only one to recognise %s', (name) => {
      const trigger = fixtureTrigger(format.id, name);
      const [only, chosen] = expected.recognised === 'never' ? [[], 'generic'] : [[format.id], format.id];

      expect(formats.filter((other) => other.recognises(trigger)).map(({ id }) => id)).toEqual(only);
      expect(chooseFormat(formats, 'auto', trigger)?.id).toBe(chosen);
    });

    it("recognises no other sender's calls", () => {
      const others = fixtures.filter((fixture) => fixture.format !== format.id);

      expect(others.filter((fixture) => format.recognises(triggerOf(fixture))).map(({ name }) => name)).toEqual([]);
    });

    it.each(['', 'hello', 'null', '7', '"x"', '[]', '[1]', '[null]', '{}', '{"a":1}', '{', 'a=b', '__proto__=1'])(
      'refuses the body %j and names a field',
      (body) => {
        for (const contentType of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', '']) {
          const trigger = triggerOf({ body, contentType });

          expect(format.recognises(trigger)).toBe(false);
          const refused = refusalOf(() => format.read(trigger, settings), codes);
          if (expected.refusals === undefined) expect(refused.fieldName).toMatch(/\S/);
        }
      },
    );

    it('knows its own settings only, and needs none', () => {
      expect(format.Settings.safeParse({ noSuchSetting: 'x' }).success).toBe(false);
      expect(format.Settings.safeParse({}).success).toBe(true);
    });

    it('meets a field of a wrong type with PAYLOAD_MALFORMED or a sound signal, never with a crash', () => {
      const wrong = fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(null, 7, -1, true, [], {}, '', '../..', 'a b', 'x'.repeat(5000)),
      );
      const cases = own.flatMap((fixture) => pathsOf(fieldsOf(fixture)).map((path) => ({ fixture, path })));

      fc.assert(
        fc.property(fc.constantFrom(...cases), fc.option(wrong, { nil: undefined }), ({ fixture, path }, value) => {
          const trigger = triggerOf({ ...fixture, body: written(fixture, replaced(fieldsOf(fixture), path, value)) });
          format.recognises(trigger);
          expectSound(() => format.read(trigger, settings), codes);
        }),
        { numRuns: 200 },
      );
    });

    it('meets any bytes and headers so', () => {
      const headers = fc.constantFrom({}, ...own.map((fixture) => fixture.headers));
      const types = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', '');

      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json()), types, headers, (body, contentType, given) => {
          const trigger = triggerOf({ body, contentType, headers: given });
          format.recognises(trigger);
          expectSound(() => format.read(trigger, settings), codes);
        }),
      );
    });
  });
}

/** Reads; what comes out is refused with one of the codes, or a signal that may be written into launch configs and the history. */
function expectSound(read: () => Signal, codes: readonly ErrorCode[]): void {
  try {
    const { says, image, amount, reason, dedupeKey } = read();
    expect(['fire', 'ignore']).toContain(says);
    expect([image?.registry, image?.repository, image?.tag].join('')).not.toMatch(/\s|\.\.\//);
    if (amount !== undefined) expect(Number.isSafeInteger(amount) && amount >= 1).toBe(true);
    expect(reason.length).toBeLessThan(701);
    expect(dedupeKey).not.toBe('');
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
  }
}

function refusalOf(read: () => Signal, codes: readonly ErrorCode[]): { readonly fieldName?: string } {
  try {
    const signal = read();
    throw new Error(`not refused: ${JSON.stringify(signal)}`);
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
    return error.details;
  }
}

/** The fields of a fixture, a form's, too. */
function fieldsOf({ body, contentType }: Fixture): unknown {
  if (typeof body !== 'string' || contentType !== 'application/x-www-form-urlencoded') return body;
  return Object.fromEntries(new URLSearchParams(body));
}

function written({ body }: Fixture, fields: unknown): unknown {
  if (typeof body !== 'string') return fields;
  const entries = Object.entries(fields as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const form = new URLSearchParams();
  for (const [name, value] of entries) form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return form.toString();
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  const inner: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((entry: unknown, index) => [index, entry] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  return [...(path.length === 0 ? [] : [path]), ...inner.flatMap(([key, entry]) => pathsOf(entry, [...path, key]))];
}

function replaced(value: unknown, [first, ...rest]: Path, wanted: unknown): unknown {
  if (first === undefined) return wanted;
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => (index === first ? replaced(entry, rest, wanted) : entry));
  }
  const fields = value as Record<string, unknown>;
  return { ...fields, [first]: replaced(fields[first], rest, wanted) };
}
