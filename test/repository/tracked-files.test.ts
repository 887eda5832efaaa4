import { describe, expect, it } from '@jest/globals';
import { readText, trackedFiles } from './support/repository.ts';

const own = 'test/repository/tracked-files.test.ts';
const texts = trackedFiles()
  .filter((path) => path !== own && /\.(?:ts|mjs|json|md|ya?ml|sh|tpl|tf)$|(?:^|\/)[^.]+$|^\.[^/]+$/.test(path))
  .map((path) => ({ path, text: readText(path) }));

/** `path:line: text` of every line that a pattern is found in. */
function linesWith(pattern: RegExp): readonly string[] {
  return texts.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${String(index + 1)}: ${line.trim().slice(0, 120)}`] : [],
      ),
  );
}

describe('the tracked files', () => {
  it('hold no path of somebody’s machine', () => {
    // `node` is the user of the container image.
    expect(texts.length).toBeGreaterThan(100);
    expect(linesWith(/(?:^|[\s"'`(=:])\/(?:work|home(?!\/node\b)|root|Users)\/[\w.-]/)).toEqual([]);
  });

  it('hold no host of a package registry: whoever installs has his own', () => {
    expect(linesWith(/https?:\/\/[\w.-]*(?:npm|artifactory|nexus|verdaccio)[\w.-]*[:/]/i)).toEqual([]);
    // Workspaces resolve to folders of this repository; an address would be somebody's registry.
    expect(linesWith(/^\s*"resolved": "[a-z+]+:/)).toEqual([]);
    expect(readText('.npmrc')).not.toMatch(/registry\s*=|_auth|_password/);
  });

  it('hold no private key', () => {
    expect(linesWith(/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|$)/)).toEqual([]);
  });
});
