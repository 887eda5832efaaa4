import { describe, expect, it } from '@jest/globals';
import { decodeTime } from 'ulid';
import { newId } from '../../src/executions/new-id.ts';

describe('executions/new-id', () => {
  it('makes ULIDs of this moment that differ, from all symbols there are', () => {
    const beforeMs = Date.now();
    const ids = Array.from({ length: 2_000 }, newId);
    const afterMs = Date.now();

    for (const id of ids) {
      expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(decodeTime(id)).toBeGreaterThanOrEqual(beforeMs);
      expect(decodeTime(id)).toBeLessThanOrEqual(afterMs);
    }
    expect(new Set(ids).size).toBe(ids.length);
    // Each of the sixteen places by chance shows each of the 32 symbols within 2,000 draws but once in 10^26 times.
    for (let place = 10; place < 26; place += 1) expect(new Set(ids.map((id) => id[place])).size).toBe(32);
  });
});
