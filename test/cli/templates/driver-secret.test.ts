import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readDriverSecret } from '../../../src/cli/templates/driver-secret.ts';

describe('cli/templates/driver-secret', () => {
  let file: string;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'driver-secret-'));
    file = join(directory, 'secret');
    writeFileSync(file, 'from-the-file\r\n');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it.each<[string, () => Parameters<typeof readDriverSecret>, string]>([
    ['a file, without its line end', () => [{ secretFile: file }, {}], 'from-the-file'],
    ['a variable', () => [{}, { ECS_ACCESS_KEY_SECRET: 'from-the-variable' }], 'from-the-variable'],
    ['a file that a variable names', () => [{}, { ECS_ACCESS_KEY_SECRET_FILE: file }], 'from-the-file'],
    [
      'the file that was asked for, whatever the variable says',
      () => [{ secretFile: file }, { ECS_ACCESS_KEY_SECRET: 'from-the-variable' }],
      'from-the-file',
    ],
  ])('takes it from %s', (_, given, expected) => {
    expect(readDriverSecret(...given())).toBe(expected);
  });

  it.each([
    ['two lines', 'first-line\nsecond-line\n'],
    ['bytes that are no text', '\u0000\u0001'],
    ['more than a secret', 'x'.repeat(256)],
    ['nothing', ' \n'],
  ])('refuses a file with %s, and quotes none of it', (_, text) => {
    writeFileSync(file, text);
    const read = (): string => readDriverSecret({ secretFile: file }, {});

    expect(read).toThrow(/^the secret from .* is (empty|not one word of printable characters); give/);
    expect(read).not.toThrow(/first-line|xxx/);
  });
});
