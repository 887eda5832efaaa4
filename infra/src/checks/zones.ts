import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { check, eachPool, PoolsSeen, ZonesSeen } from './check.ts';

const Reads = z.object({ region: z.string(), network: z.object({ zones: ZonesSeen }), pools: PoolsSeen.catch([]) });

/** Zones: of the region, each once, and those the pools ask for among them. */
export const checkZones = check(Reads, ({ region, network, pools }) => {
  const mistakes: Mistake[] = [];
  const known = new Set<string>();
  network.zones.forEach((zone, index) => {
    if (zone === null) return;
    const at = { path: `network.zones[${index}].id`, value: zone.id };
    if (!isZoneOf(zone.id, region)) {
      mistakes.push({
        ...at,
        problem: `it is no zone of ${region}`,
        remedy: `write a zone whose name is the region and a letter, like ${region}-a or ${region}a`,
      });
    }
    if (known.has(zone.id)) {
      mistakes.push({ ...at, problem: 'the zone is there twice', remedy: 'keep one entry for each zone' });
    }
    known.add(zone.id);
  });
  mistakes.push(
    ...eachPool(pools, (pool, path) =>
      (pool.zones ?? []).flatMap((zone, index) => {
        if (known.has(zone)) return [];
        const remedy = `add it to network.zones, or choose from ${[...known].join(', ')}`;
        return [{ path: `${path}.zones[${index}]`, value: zone, problem: 'the network has no vSwitch there', remedy }];
      }),
    ),
  );
  return mistakes;
});

/** `cn-hangzhou-i` and, outside the mainland, `ap-southeast-1a`. */
function isZoneOf(zone: string, region: string): boolean {
  return zone.startsWith(region) && /^-?[a-z]$/.test(zone.slice(region.length));
}
