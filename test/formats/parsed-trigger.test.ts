import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { parseTrigger, readForm, readJson } from '../../src/formats/parsed-trigger.ts';

const form = 'application/x-www-form-urlencoded';
const parse = (body: string, contentType = form) =>
  parseTrigger({ method: 'POST', headers: {}, contentType, body: Buffer.from(body) });

describe('formats/parsed-trigger', () => {
  it("reads a form's fields, the first of each name, without those of the trigger's URL", () => {
    const { form: fields } = parse('a=%E4%B8%AD+x&a=2&empty=&key=HOOKKEY&projectId=1a5&token=t&__proto__=1');

    expect([...(fields ?? [])]).toEqual([
      ['a', '中 x'],
      ['empty', ''],
      ['__proto__', '1'],
    ]);
  });

  it('takes JSON for JSON, whatever the content type says', () => {
    expect(parse('{"a":1}')).toMatchObject({ json: { a: 1 }, form: undefined });
    expect(parse('a=1', 'text/plain').form).toBeUndefined();
    expect(parse('[1', form).json).toBeUndefined();
  });

  it('parses a form once', () => {
    const trigger = parse('a=1');

    expect(trigger.form).toBe(trigger.form);
  });

  it('names the field that is wrong, and the body when it is of another kind', () => {
    const Shape = z.object({ a: z.object({ b: z.string() }) });

    const failing = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        return error;
      }
    };

    expect(failing(() => readJson(Shape, parse('{"a":{"b":1}}')))).toMatchObject({
      code: 'PAYLOAD_MALFORMED',
      details: { fieldName: 'a.b' },
    });
    expect(failing(() => readJson(Shape, parse('a=1')))).toMatchObject({ details: { fieldName: 'body' } });
    expect(failing(() => readJson(Shape, parse('[]')))).toMatchObject({ details: { fieldName: 'body' } });
    expect(failing(() => readForm(z.object({ a: z.string() }), parse('b=1')))).toMatchObject({
      details: { fieldName: 'a' },
    });
    expect(failing(() => readForm(Shape, parse('{}')))).toMatchObject({ details: { fieldName: 'body' } });
  });
});
