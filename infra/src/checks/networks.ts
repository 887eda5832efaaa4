import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { check, ZonesSeen } from './check.ts';
import type { Cidr } from './cidr.ts';
import { cidr, contains, overlaps, parseCidr, showCidr } from './cidr.ts';

/** What Aliyun gives a VPC to choose from, and how long its prefix may be (help page "VPCs and vSwitches"). */
const vpcRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(cidr);
const vpcPrefix = { shortest: 8, longest: 28 };
const vswitchPrefix = { shortest: 16, longest: 29 };
/** Docker's own bridge, the same on every host. */
const dockerBridge = cidr('172.17.0.0/16');
/** A shorter prefix is a whole region's worth of strangers in front of a port that gives root. */
const shortestRancherPrefix = 8;

const Reads = z.object({
  network: z.object({
    cidr: z.string(),
    zones: ZonesSeen.catch([]),
    rancherCidrs: z.array(z.string()).catch([]),
    containerCidr: z.string().default('10.42.0.0/16').catch('10.42.0.0/16'),
  }),
});

/** The networks of the configuration: form, host bits, sizes Aliyun takes, vSwitches inside the VPC and beside each other. */
export const checkNetworks = check(Reads, ({ network }) => {
  const mistakes: Mistake[] = [];
  const read = (path: string, value: string): Cidr | undefined => {
    const parsed = parseCidr(value);
    if ('cidr' in parsed) return parsed.cidr;
    mistakes.push({ path, value, ...parsed });
    return undefined;
  };

  const vpc = read('network.cidr', network.cidr);
  const containers = read('network.containerCidr', network.containerCidr);
  if (vpc) mistakes.push(...vpcMistakes(vpc, containers));

  const vswitches = network.zones.flatMap((zone, index) => {
    if (zone === null) return [];
    const path = `network.zones[${index}].cidr`;
    const range = read(path, zone.cidr);
    return range ? [{ path, range }] : [];
  });
  vswitches.forEach((vswitch, index) => {
    mistakes.push(...vswitchMistakes(vswitch, vswitches.slice(0, index), vpc));
  });

  network.rancherCidrs.forEach((value, index) => {
    const path = `network.rancherCidrs[${index}]`;
    const range = read(path, value);
    if (range && range.prefixLength < shortestRancherPrefix) {
      mistakes.push({
        path,
        value,
        problem: 'ports 22 and 2376 give root on every host; this would open them to half the internet',
        remedy: "write the address Rancher's server connects from, like 203.0.113.10/32",
      });
    }
  });
  return mistakes;
});

function vpcMistakes(vpc: Cidr, containers: Cidr | undefined): Mistake[] {
  const at = { path: 'network.cidr', value: showCidr(vpc) };
  const mistakes: Mistake[] = [];
  if (!vpcRanges.some((range) => contains(range, vpc))) {
    mistakes.push({
      ...at,
      problem: 'it is not private address space',
      remedy: `choose a network inside ${vpcRanges.map(showCidr).join(', ')}`,
    });
  }
  mistakes.push(...prefixMistakes(at, vpc, vpcPrefix));
  if (containers && overlaps(vpc, containers)) {
    mistakes.push({
      ...at,
      problem: `it overlaps ${showCidr(containers)}, Rancher's network for containers: hosts in it would be out of their reach`,
      remedy:
        'choose another network, such as 10.100.0.0/16, or set network.containerCidr to the one Rancher really uses',
    });
  }
  if (overlaps(vpc, dockerBridge)) {
    mistakes.push({
      ...at,
      problem: `it overlaps ${showCidr(dockerBridge)}, the bridge Docker makes on every host`,
      remedy: 'choose another network, such as 10.100.0.0/16',
    });
  }
  return mistakes;
}

interface Vswitch {
  readonly path: string;
  readonly range: Cidr;
}

function vswitchMistakes({ path, range }: Vswitch, earlier: readonly Vswitch[], vpc: Cidr | undefined): Mistake[] {
  const at = { path, value: showCidr(range) };
  const mistakes = prefixMistakes(at, range, vswitchPrefix);
  if (vpc && !contains(vpc, range)) {
    mistakes.push({
      ...at,
      problem: `it is outside network.cidr ${showCidr(vpc)}`,
      remedy: `choose a part of ${showCidr(vpc)}`,
    });
  }
  for (const other of earlier) {
    if (!overlaps(other.range, range)) continue;
    mistakes.push({
      ...at,
      problem: `it overlaps ${other.path} ${showCidr(other.range)}`,
      remedy: 'give each vSwitch addresses of its own',
    });
  }
  return mistakes;
}

function prefixMistakes(
  at: { readonly path: string; readonly value: string },
  range: Cidr,
  { shortest, longest }: { readonly shortest: number; readonly longest: number },
): Mistake[] {
  if (range.prefixLength >= shortest && range.prefixLength <= longest) return [];
  return [
    {
      ...at,
      problem: `Aliyun takes no prefix length of ${range.prefixLength} here`,
      remedy: `choose one from /${shortest} to /${longest}`,
    },
  ];
}
