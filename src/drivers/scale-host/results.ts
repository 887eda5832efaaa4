import type { ItemResult, Progress } from '../driver.ts';
import type { HostChange, HostResult } from './change.ts';

interface NamedResult {
  readonly itemId: string;
  readonly hostname: string;
  readonly result: HostResult;
}

/** How a change ended of which every host has ended. */
export function endOf(change: HostChange): Progress {
  const ended = [...change.create, ...change.remove].flatMap(({ itemId, hostname, result }): NamedResult[] =>
    result === undefined ? [] : [{ itemId, hostname, result }],
  );
  const results = change.items.map(({ itemId, action, from }): ItemResult => {
    const own = ended.filter((host) => host.itemId === itemId);
    return resultOf(own, { itemId, action, from });
  });
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const [first] = failures;
  if (first === undefined || failures.length < results.length) return { kind: 'done', results };
  return {
    kind: 'failed',
    code: first.code ?? 'HOST_FAILED',
    applied: failures.every(({ applied }) => applied === 'no') ? 'no' : 'unknown',
    message: first.message,
    results,
  };
}

function resultOf(
  hosts: readonly NamedResult[],
  { itemId, action, from }: { readonly itemId: string; readonly action: 'up' | 'down'; readonly from: number },
): ItemResult {
  const isDone = ({ result }: NamedResult): boolean => result.kind === 'done';
  const done = hosts.filter(isDone);
  const others = hosts.filter((host) => !isDone(host));
  const to = action === 'up' ? from + done.length : from - done.length;
  const told = hosts.map(({ hostname, result }) => `${hostname} ${result.message}`).join('; ');
  const [first] = others;
  if (first === undefined) {
    const message = `scaled ${action} from ${String(from)} to ${String(to)}: ${told}`;
    return { itemId, outcome: 'scaled', message, to };
  }
  if (done.length > 0) {
    return { itemId, outcome: 'partial', message: `${String(done.length)} of ${String(hosts.length)}: ${told}`, to };
  }
  if (others.every(({ result }) => result.kind === 'limit'))
    return { itemId, outcome: 'limit-reached', message: 'Cannot scale below provided min scale value', to };
  const failed = others.find(({ result }) => result.kind === 'failed') ?? first;
  const applied = others.every(({ result }) => result.applied === 'no' || result.kind === 'limit') ? 'no' : 'unknown';
  return { itemId, outcome: 'failed', code: failed.result.code ?? 'HOST_FAILED', applied, message: told, to };
}

const mostNamed = 10;

/** What is under way, for whoever looks at the execution meanwhile. */
export function describeUnderWay({ create, remove }: HostChange): string {
  const open = ({ result }: { readonly result?: HostResult }): boolean => result === undefined;
  const leaving = [...remove.filter(open), ...create.filter(({ isUnwanted }) => isUnwanted)];
  const parts = [listed('being made', create.filter(open)), listed('being removed', leaving)].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? 'looking whether a create whose answer was lost lands late' : parts.join('; ');
}

function listed(what: string, hosts: readonly { readonly hostname: string }[]): string {
  const names = hosts.map(({ hostname }) => hostname);
  if (names.length === 0) return '';
  const more = names.length > mostNamed ? ` and ${String(names.length - mostNamed)} more` : '';
  return `${what}: ${names.slice(0, mostNamed).join(', ')}${more}`;
}
