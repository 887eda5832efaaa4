/** Which of two healthy hosts goes first when a group shrinks; the old service's words. */
export type DeleteOption = 'mostRecent' | 'leastRecent';

/** What the rules of choice look at. */
export interface ChoosableHost {
  readonly id: string;
  readonly state: string;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
}

/** Hosts that do no good: they go before healthy ones, in this order (the old service's, as its documentation tells). */
const badStates = ['inactive', 'deactivating', 'reconnecting', 'disconnected'];

/** The hosts in the order in which they leave: bad ones first, then by age. Stable and independent of the order given. */
export function inOrderOfRemoval<T extends ChoosableHost>(hosts: readonly T[], option: DeleteOption): readonly T[] {
  const direction = option === 'mostRecent' ? -1 : 1;
  return hosts.toSorted(
    (left, right) =>
      rankOf(left) - rankOf(right) || direction * (left.createdMs - right.createdMs || byId(left, right)),
  );
}

/** The oldest host; ids decide between hosts of the same moment. */
export function oldestOf<T extends ChoosableHost>(hosts: readonly T[]): T | undefined {
  return hosts.toSorted((left, right) => left.createdMs - right.createdMs || byId(left, right))[0];
}

/** Rancher's ids count up: `1h9` is older than `1h10`. */
export function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return numberOf(left.id) - numberOf(right.id);
}

function rankOf({ state }: ChoosableHost): number {
  const rank = badStates.indexOf(state);
  return rank === -1 ? badStates.length : rank;
}

function numberOf(id: string): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}
