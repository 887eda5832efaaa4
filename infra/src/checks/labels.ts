import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { check, eachPool, PoolsSeen } from './check.ts';

const Reads = z.object({ pools: PoolsSeen });

/**
 * Labels decide which hosts a receiver may remove: every pool has some, none that Rancher sets itself, and no pool's labels
 * match another pool's hosts.
 */
export const checkLabels = check(Reads, ({ pools }) => [
  ...eachPool(pools, (pool, path) => labelMistakes(`${path}.labels`, pool.labels)),
  ...pools.flatMap((pool, index) =>
    pools.flatMap((other, otherIndex) => {
      if (!pool || !other || index === otherIndex || Object.keys(pool.labels).length === 0) return [];
      const catchesOther = Object.entries(pool.labels).every(([key, value]) => other.labels[key] === value);
      if (!catchesOther) return [];
      return [
        {
          path: `pools[${index}].labels`,
          value: pool.labels,
          problem: `they match the hosts of pools[${otherIndex}] (${other.name}), too: scaling down ${pool.name} would remove them`,
          remedy: 'give each pool a label with a value of its own',
        },
      ];
    }),
  ),
]);

function labelMistakes(path: string, labels: Readonly<Record<string, string>>): Mistake[] {
  const entries = Object.entries(labels);
  if (entries.length === 0) {
    const remedy = 'add one, like "pool": "web"';
    return [{ path, value: labels, problem: 'a receiver with an empty selector is refused', remedy }];
  }
  return entries.flatMap(([key, value]) => {
    const at = { path: `${path}.${key}`, value };
    const mistakes: Mistake[] = [];
    if (key.startsWith('io.rancher.')) {
      mistakes.push({ ...at, problem: 'Rancher sets labels of that name itself', remedy: 'choose a name of your own' });
    }
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/.test(key) || value === '' || value !== value.trim()) {
      mistakes.push({
        ...at,
        problem: 'Rancher cannot select by it',
        remedy: 'use letters, digits, dots, hyphens and slashes in the key, and a value without spaces around it',
      });
    }
    return mistakes;
  });
}
