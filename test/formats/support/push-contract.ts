import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { hasCode } from '../../../src/domain/errors.ts';
import type { PushedImage, Signal } from '../../../src/domain/signal.ts';
import type { Format } from '../../../src/formats/format.ts';
import { formats } from '../../../src/formats/formats.ts';
import { parseTrigger, type ParsedTrigger } from '../../../src/formats/parsed-trigger.ts';
import { chooseFormat } from '../../../src/formats/recognise.ts';

/** The recorded body of a registry (test/fixtures/pushes). */
export function pushBody(name: string): Record<string, unknown> {
  const text = readFileSync(new URL(`../../fixtures/pushes/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

/** A trigger with this body; an object is sent as JSON. */
export function pushOf(body: unknown): ParsedTrigger {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseTrigger({ method: 'POST', headers: {}, contentType: 'application/json', body: Buffer.from(text) });
}

/** What every format of a registry's pushes must do. */
export function describePushFormat<Settings>(
  format: Format<Settings>,
  expected: { readonly image: PushedImage; readonly fixture: string },
): void {
  const read = (body: unknown): Signal => format.read(pushOf(body), format.Settings.parse({}));

  describe(`formats/${format.id}`, () => {
    it('reads the image out of a push, and the same push gives the same signal', () => {
      const signal = read(pushBody(expected.fixture));

      expect(signal).toMatchObject({ says: 'fire', image: expected.image });
      expect(read(pushBody(expected.fixture))).toEqual(signal);
      expect(signal.dedupeKey).toBeDefined();
    });

    it('is the one format that recognises its push', () => {
      const chosen = chooseFormat(formats, 'auto', pushOf(pushBody(expected.fixture)));

      expect(chosen?.id).toBe(format.id);
      expect(
        formats.filter((other) => other.recognises(pushOf(pushBody(expected.fixture)))).map(({ id }) => id),
      ).toEqual([format.id]);
    });

    it.each([
      ['', 'No Payload recevied from webhook'],
      ['hello', 'Error unmarshalling request body in Execute handler: '],
      ['null', 'Error unmarshalling request body in Execute handler: '],
      ['[]', 'Body should be of type map[string]interface{}'],
    ])('refuses the body %j in the words of the old service', (body, words) => {
      expect(() => read(body)).toThrow(words);
      expect(format.recognises(pushOf(body))).toBe(false);
    });

    it('never crashes on a field of a wrong type (facts §0.5 no. 10, measured no. 7)', () => {
      const paths = leavesOf(pushBody(expected.fixture));
      const wrong = fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(null, 7, true, [], {}, '', '../..', 'a b', 'x'.repeat(300)),
      );

      fc.assert(
        fc.property(fc.constantFrom(...paths), wrong, (path, value) => {
          const body = replaced(pushBody(expected.fixture), path, value);
          try {
            const { image, reason } = read(body);
            expect(`${image?.repository ?? ''}${image?.tag ?? ''}${image?.registry ?? ''}`).not.toMatch(/\s/);
            expect(reason.length).toBeLessThan(700);
          } catch (error) {
            if (!hasCode(error, 'PAYLOAD_MALFORMED', 'PAYLOAD_INCOMPLETE')) throw error;
          }
          format.recognises(pushOf(body));
        }),
      );
    });

    it('knows no settings and refuses any', () => {
      expect(format.Settings.safeParse({ secret: 'x' }).success).toBe(false);
    });
  });
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))].filter(
    ({ length }) => length > 0,
  );
}

function replaced(body: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): unknown {
  const inner = body[first];
  const next = rest.length === 0 ? value : replaced((inner ?? {}) as Record<string, unknown>, rest, value);
  return { ...body, [first]: next };
}
