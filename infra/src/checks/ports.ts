import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { IngressRule } from '../config/shape.ts';
import { check } from './check.ts';
import { parseCidr } from './cidr.ts';

const highestPort = 65_535;

/** Ports that give root on a host: SSH and Docker's TLS port. */
export const managementPorts: readonly number[] = [22, 2376];

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Reads `8080/8090`; undefined when it is no range of ports. `-1/-1` (every port) is one only where the protocol has none. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  return match && from >= 1 && from <= to && to <= highestPort ? { from, to } : undefined;
}

const Reads = z.object({ network: z.object({ ingress: z.array(IngressRule.nullable().catch(null)).default([]) }) });

/** Additional ingress: ports Aliyun understands, networks it understands, and no way round the rule on management ports. */
export const checkIngress = check(Reads, ({ network }) =>
  network.ingress.flatMap((rule, index) => {
    if (rule === null) return [];
    const path = `network.ingress[${index}]`;
    const mistakes: Mistake[] = [];
    const range = parsePortRange(rule.ports);
    if (!range) {
      mistakes.push({
        path: `${path}.ports`,
        value: rule.ports,
        problem: 'it is not a range of ports',
        remedy: `write first and last port, from 1 to ${highestPort}, like 8080/8090 or 80/80`,
      });
    }
    const source = parseCidr(rule.cidr);
    if (!('cidr' in source)) mistakes.push({ path: `${path}.cidr`, value: rule.cidr, ...source });
    const opened = managementPorts.filter((port) => range && range.from <= port && port <= range.to);
    if (opened.length > 0 && rule.protocol === 'tcp') {
      mistakes.push({
        path: `${path}.ports`,
        value: rule.ports,
        problem: `it opens ${opened.join(' and ')}, which only Rancher may reach`,
        remedy: 'leave these ports out; add addresses to network.rancherCidrs instead',
      });
    }
    return mistakes;
  }),
);
