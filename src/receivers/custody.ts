import type { Sealing } from './sealing.ts';

/** How receivers' keys and secrets lie in Rancher, where every member of the environment can read them. */
export interface Custody {
  readonly sealing: Sealing;
  /** `hashed`: only the key's hash, and the key itself sealed; `plain`: as Rancher's own webhook service needs it. */
  readonly triggerKeys: 'hashed' | 'plain';
}

/**
 * Who wrote a receiver. `ours`: this service, or somebody with the right adopted it; `unverified`: somebody else, or it was
 * changed by hand since; `other-key`: this service with a sealing key that it does not have any more.
 */
export type Provenance = 'ours' | 'unverified' | 'other-key';

/** What a proof covers: everything that decides what a receiver does, for whom, and under which key. */
export interface Vouched {
  readonly projectId: string;
  readonly name: string;
  /** As Rancher holds it: the key or its hash. */
  readonly storedKey: string;
  readonly resourceData: Readonly<Record<string, unknown>>;
}

/** A mark that only this service can make. */
export function prove(vouched: Vouched, sealing: Sealing): string {
  return sealing.sign(textOf(vouched));
}

/** Reads the mark of a stored object. */
export function provenanceOf(vouched: Vouched, sealing: Sealing): Provenance {
  const { proof } = optionsOf(vouched);
  if (typeof proof !== 'string') return 'unverified';
  const verdict = sealing.verify(proof, textOf(vouched));
  if (verdict === 'other-key') return /^[0-9a-f]{16}\./.test(proof) ? 'other-key' : 'unverified';
  return verdict === 'genuine' ? 'ours' : 'unverified';
}

function textOf(vouched: Vouched): string {
  const { projectId, name, storedKey, resourceData } = vouched;
  const { proof: _proof, ...options } = optionsOf(vouched);
  return canonical([projectId, name, storedKey, resourceData['driver'], resourceData['config'], options]);
}

function optionsOf({ resourceData }: Vouched): Readonly<Record<string, unknown>> {
  const options = resourceData['receiverHooks'];
  return typeof options === 'object' && options !== null ? (options as Readonly<Record<string, unknown>>) : {};
}

/** Rancher keeps a map's entries and not their order, and whether it keeps an empty one is its own affair. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, part]) => part !== null && part !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join(',')}}`;
}
