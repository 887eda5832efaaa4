import { describe, expect, it } from '@jest/globals';
import { parseApiUrl } from '../../src/rancher/api-url.ts';

describe('rancher/api-url', () => {
  it.each([
    ['http://rancher:8080', 'http://rancher:8080/v2-beta', undefined],
    ['http://rancher:8080/', 'http://rancher:8080/v2-beta', undefined],
    ['http://rancher:8080/v1', 'http://rancher:8080/v2-beta', undefined],
    ['http://rancher:8080/v1/schemas', 'http://rancher:8080/v2-beta', undefined],
    ['https://rancher.example/v2-beta/', 'https://rancher.example/v2-beta', undefined],
    ['http://rancher:8080/v2-beta/projects/1a5', 'http://rancher:8080/v2-beta', '1a5'],
    ['http://rancher:8080/v1/projects/1a5/schemas', 'http://rancher:8080/v2-beta', '1a5'],
    ['https://example.org/rancher/v1', 'https://example.org/rancher/v2-beta', undefined],
    ['http://[::1]:8080', 'http://[::1]:8080/v2-beta', undefined],
    [' http://rancher:8080 ', 'http://rancher:8080/v2-beta', undefined],
  ])('reads %s', (url, base, projectId) => {
    expect(parseApiUrl(url)).toEqual({ base, ...(projectId === undefined ? {} : { projectId }) });
  });

  it.each([
    ['rancher:8080', 'begin with http'],
    ['ftp://rancher', 'begin with http'],
    ['', 'begin with http'],
    ['http://rancher:8080/v3', 'end it with /v2-beta'],
    ['http://rancher:8080/v2-beta/projects/1a5/services', 'end it with /v2-beta'],
    ['http://rancher:8080/v2-beta?x=1', 'without ? and #'],
  ])('refuses %s', (url, reason) => {
    expect(() => parseApiUrl(url)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
    expect(() => parseApiUrl(url)).toThrow(reason);
  });

  it('refuses a password in the address without repeating it', () => {
    const read = (): unknown => parseApiUrl('http://key:s3cret@rancher:8080/v1');

    expect(read).toThrow(/must not hold credentials/);
    expect(read).not.toThrow(/s3cret/);
  });
});
