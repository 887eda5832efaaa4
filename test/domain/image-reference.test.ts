import { describe, expect, it } from '@jest/globals';
import {
  isRegistry,
  isRepository,
  isSameRepository,
  isTag,
  parseImageUuid,
  writeImageUuid,
} from '../../src/domain/image-reference.ts';

describe('domain/image-reference', () => {
  it.each([
    ['docker:nginx', { repository: 'nginx' }],
    ['docker:acme/web:v1', { repository: 'acme/web', tag: 'v1' }],
    ['docker:docker.io/acme/web:v1', { repository: 'acme/web', tag: 'v1' }],
    ['docker:localhost:5000/web:v1', { registry: 'localhost:5000', repository: 'web', tag: 'v1' }],
    ['sim:nginx:1', { repository: 'nginx', tag: '1' }],
    ['acme/web', { repository: 'acme/web' }],
    [
      'docker:registry.example.com/a/b/c:x@sha256:00',
      { registry: 'registry.example.com', repository: 'a/b/c', tag: 'x', digest: 'sha256:00' },
    ],
  ])('takes %s apart', (imageUuid, expected) => {
    expect(parseImageUuid(imageUuid)).toEqual(expected);
  });

  it.each([undefined, null, 7, '', 'docker:', 'docker:rancher/none'])('finds no image in %s', (imageUuid) => {
    expect(parseImageUuid(imageUuid)).toBeUndefined();
  });

  it('takes an official image under both its names for one', () => {
    expect(isSameRepository({ repository: 'library/nginx' }, { repository: 'nginx' })).toBe(true);
    expect(isSameRepository({ repository: 'acme/web' }, { repository: 'acme/webapp' })).toBe(false);
  });

  it('writes the new image in the way the old one was written', () => {
    const image = { registry: 'registry.example.com:5000', repository: 'acme/web', tag: 'v2' };

    expect(writeImageUuid(image, 'sim:acme/web:v1')).toBe('sim:registry.example.com:5000/acme/web:v2');
    expect(writeImageUuid(image, 'acme/web:v1')).toBe('docker:registry.example.com:5000/acme/web:v2');
  });

  it('lets nothing into a launch config that is no name of an image', () => {
    expect(['v1', '_x', 'a'.repeat(128)].every(isTag)).toBe(true);
    expect(['', '-x', '.x', 'a'.repeat(129), 'a b', 'a/b', 'a:b', 'v1\n'].some(isTag)).toBe(false);
    expect(['a', 'a/b', 'a/b-c_d.e'].every(isRepository)).toBe(true);
    expect(
      ['', '/a', 'a/', 'a//b', 'a b', 'a:b', 'a@b', 'a\nb', 'a/../b', 'a/..', 'a/./b', '../a', 'x'.repeat(256)].filter(
        isRepository,
      ),
    ).toEqual([]);
    expect(['a', 'a.b:5000', 'localhost'].every(isRegistry)).toBe(true);
    expect(['', 'a/b', 'a:b', 'http://a', '-a'].some(isRegistry)).toBe(false);
  });
});
