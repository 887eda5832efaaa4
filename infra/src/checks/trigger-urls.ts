import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import { triggerUrlVariable } from '../config/trigger-url.ts';
import { check, eachPool, PoolsSeen } from './check.ts';
import { isPrivateAddress } from './cidr.ts';

const Reads = z.object({ pools: PoolsSeen });

/**
 * Trigger URLs that are in the environment already: CloudMonitor posts to public http addresses only. One that is not there
 * yet is Terraform's to ask for. The values are secrets, so a mistake never repeats one.
 */
export const checkTriggerUrls = check(Reads, ({ pools }, { environment }) =>
  eachPool(pools, (pool) =>
    (['up', 'down'] as const).flatMap((direction) => {
      const variable = `TF_VAR_${triggerUrlVariable(pool.name, direction)}`;
      const url = environment[variable];
      return pool.alarms[direction] && url !== undefined ? urlMistakes(variable, url) : [];
    }),
  ),
);

function urlMistakes(variable: string, text: string): Mistake[] {
  const at = { path: variable, value: '(a secret, not shown)' };
  const remedy = "write the receiver's trigger URL with the public http address of its ingress";
  if (!URL.canParse(text)) return [{ ...at, problem: 'it is not a URL', remedy }];
  const url = new URL(text);
  const mistakes: Mistake[] = [];
  if (url.protocol !== 'http:') {
    mistakes.push({
      ...at,
      problem: `CloudMonitor posts to http only, this is ${url.protocol.slice(0, -1)}`,
      remedy: "publish the trigger route over http, limited to CloudMonitor's addresses (docs/aliyun.md)",
    });
  }
  if (!url.hostname.includes('.') || isPrivateAddress(url.hostname) || url.hostname.startsWith('[')) {
    mistakes.push({ ...at, problem: 'CloudMonitor calls from the internet and cannot reach that host', remedy });
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    mistakes.push({ ...at, problem: 'CloudMonitor sends no credentials and no fragment', remedy });
  }
  return mistakes;
}
