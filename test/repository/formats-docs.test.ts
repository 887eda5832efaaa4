import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { formats } from '../../src/formats/formats.ts';
import { namedRows, section } from './support/markdown.ts';
import { readText } from './support/repository.ts';

const page = readText('docs/formats.md');
const ReceiverPart = z.strictObject({ format: z.string(), formatSettings: z.record(z.string(), z.unknown()) });

/** The names of a format's own settings. */
function settingsOf({ Settings }: (typeof formats)[number]): readonly string[] {
  return Settings instanceof z.ZodObject ? Object.keys(Settings.shape) : [];
}

describe('docs/formats.md', () => {
  it('has one section for each format, in order', () => {
    expect([...page.matchAll(/^## (.+)$/gm)].map(([, id]) => id)).toEqual(formats.map(({ id }) => id));
  });

  it.each(formats.map((format) => [format.id, format] as const))(
    'says of %s how to configure the sender, what proves it, what it gives, its limits and its source',
    (id, format) => {
      const text = section(page, `## ${id}`);
      const [documented, settings] = [namedRows(text).map(([name = '']) => name.split('.')[0]), settingsOf(format)];

      expect(text).toMatch(/^```(?:shell|yaml|text)\n/m);
      for (const part of ['Signature', 'Gives', 'Limits', 'Source']) expect(text).toContain(`\n- **${part}**: `);
      expect(new Set(documented)).toEqual(new Set(settings));
    },
  );

  it('shows only settings that the formats take', () => {
    const shown = [...page.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, text = '']) =>
      ReceiverPart.parse(JSON.parse(text)),
    );

    expect(shown.length).toBeGreaterThan(4);
    for (const { format: id, formatSettings } of shown) {
      const parsed = formats.find((format) => format.id === id)?.Settings.safeParse(formatSettings);
      expect({ id, problem: parsed?.error?.message }).toEqual({ id, problem: undefined });
      expect(parsed?.success).toBe(true);
    }
  });
});
