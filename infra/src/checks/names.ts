import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { check, eachPool, PoolsSeen } from './check.ts';

/** Short enough that `<prefix>-<pool>-<zone>` stays inside every limit: RAM user 64, resource group 50, host name 63. */
const longestPrefix = 20;
const longestPoolName = 20;

const Prefixed = z.object({ prefix: z.string() });
const Tagged = z.object({ tags: z.record(z.string(), z.string()) });
const Pooled = z.object({ pools: PoolsSeen });

/** The prefix begins every name this program gives. */
export const checkPrefix = check(Prefixed, ({ prefix }) => nameMistakes('prefix', prefix, longestPrefix));

/** Pool names: form, and each once. */
export const checkPoolNames = check(Pooled, ({ pools }) => {
  const seen = new Set<string>();
  return eachPool(pools, (pool, path) => {
    const at = `${path}.name`;
    const mistakes = nameMistakes(at, pool.name, longestPoolName);
    if (seen.has(pool.name)) {
      mistakes.push({
        path: at,
        value: pool.name,
        problem: 'another pool has that name',
        remedy: 'name each pool differently',
      });
    }
    seen.add(pool.name);
    return mistakes;
  });
});

/** Tags of everything, and of a pool's machines. */
export const checkTags = check(Tagged, ({ tags }) => tagMistakes('tags', tags));
export const checkPoolTags = check(Pooled, ({ pools }) =>
  eachPool(pools, (pool, path) => tagMistakes(`${path}.tags`, pool.tags)),
);

function nameMistakes(path: string, value: string, longest: number): Mistake[] {
  const form = new RegExp(`^[a-z](?:[a-z0-9-]{0,${longest - 2}}[a-z0-9])$`);
  if (form.test(value) && !value.includes('--')) return [];
  return [
    {
      path,
      value,
      problem: 'it cannot begin the names of hosts, users and groups',
      remedy: `write 2 to ${longest} lower case letters, digits and single hyphens, a letter first`,
    },
  ];
}

function tagMistakes(path: string, tags: Readonly<Record<string, string>>): Mistake[] {
  return Object.entries(tags).flatMap(([key, value]) => {
    const at = { path: `${path}.${key}`, value };
    const mistakes: Mistake[] = [];
    if (/^(aliyun|acs:)|https?:\/\//i.test(key) || /https?:\/\//.test(value)) {
      mistakes.push({
        ...at,
        problem: 'Aliyun keeps aliyun, acs: and anything with http:// to itself',
        remedy: 'choose another key or value',
      });
    }
    if (key === '' || key.length > 64 || value.length > 128) {
      mistakes.push({
        ...at,
        problem: 'key or value is too long, or empty',
        remedy: 'use 1 to 64 and at most 128 characters',
      });
    }
    // The machine driver takes tags as "key=value" and splits at the first sign; Rancher joins several with a comma.
    if (/[=,]/.test(key) || value.includes(',')) {
      mistakes.push({
        ...at,
        problem: 'the machine driver cannot carry it',
        remedy: 'leave out = in keys, and commas',
      });
    }
    return mistakes;
  });
}
