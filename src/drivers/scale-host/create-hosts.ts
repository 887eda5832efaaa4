import { hasCode } from '../../domain/errors.ts';
import type { CallOptions, HostCreator } from '../../rancher/rancher.ts';
import type { HostChange, HostResult, HostToCreate } from './change.ts';
import { newHostBody, readRecipe } from './new-host.ts';
import type { HostRecipe } from './new-host.ts';
import { sendAll } from './send-all.ts';

/** What the writes of one attempt share. */
export interface Sending {
  readonly creator: HostCreator;
  readonly read: CallOptions;
  readonly write: CallOptions;
  /** How many writes Rancher has accepted, or may have. */
  readonly writes: { applied: number };
}

/**
 * Makes what has neither a host nor a result. What Rancher refuses for good fails by itself and the others go on; the
 * first error that may pass, or that leaves a write in doubt, ends the attempt once everything under way has ended.
 */
export async function createHosts(change: HostChange, sending: Sending): Promise<HostChange> {
  const missing = change.create.filter(({ hostId, result }) => hostId === undefined && result === undefined);
  if (missing.length === 0) return change;
  const recipes = await readRecipes(missing, sending);
  const made = new Map<string, Partial<HostToCreate>>();
  await sendAll(missing, async (planned) => {
    made.set(planned.marker, await createHost(planned, { change, recipes, sending }));
  });
  return { ...change, create: change.create.map((planned) => ({ ...planned, ...made.get(planned.marker) })) };
}

type Recipes = ReadonlyMap<string, HostRecipe | HostResult>;

/** Read before anything is written, so that a Rancher that is away leaves nothing half done. */
async function readRecipes(missing: readonly HostToCreate[], { creator, read }: Sending): Promise<Recipes> {
  const sources = new Map(missing.map(({ source }) => [JSON.stringify(source), source]));
  const recipes = new Map<string, HostRecipe | HostResult>();
  for (const [key, source] of sources) {
    try {
      recipes.set(key, await readRecipe(creator, source, read));
    } catch (error) {
      if (!hasCode(error, 'TARGET_NOT_FOUND', 'TARGET_UNSUPPORTED')) throw error;
      const message = `was not made: ${error.message}`;
      recipes.set(key, { kind: 'failed', code: error.code, message });
    }
  }
  return recipes;
}

async function createHost(
  planned: HostToCreate,
  { change, recipes, sending }: { readonly change: HostChange; readonly recipes: Recipes; readonly sending: Sending },
): Promise<Partial<HostToCreate>> {
  const { creator, write, writes } = sending;
  const recipe = recipes.get(JSON.stringify(planned.source));
  const group = change.groups[planned.group]?.group;
  if (recipe === undefined || group === undefined) throw new Error('a host of this change has no source or no group');
  // Of one sent again only the second is proven not made.
  const refused = (result: HostResult): HostResult =>
    change.resentAtMs === undefined ? { ...result, applied: 'no' } : result;
  if ('kind' in recipe) return { result: refused(recipe) };
  try {
    const { id } = await creator.hosts.create(newHostBody(recipe, planned, group), write);
    writes.applied += 1;
    return { hostId: id };
  } catch (error) {
    if (!hasCode(error, 'RANCHER_REJECTED', 'RANCHER_UNAUTHORIZED') || error.details.applied !== 'no') throw error;
    return { result: refused({ kind: 'failed', code: error.code, message: `was refused: ${error.message}` }) };
  }
}
