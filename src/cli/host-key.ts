import type { Rancher } from '../rancher/rancher.ts';
import type { Receivers } from '../receivers/receivers.ts';

/**
 * The environments with host receivers in which no key of ours may create hosts (for readiness). Only environments whose
 * receivers are held already are looked at, so that `/readyz` costs nothing where there are none.
 */
export async function projectsWithoutHostKey(
  receivers: Pick<Receivers, 'projectsInUse' | 'list'>,
  rancher: (projectId: string) => Pick<Rancher, 'findHostCreator'>,
): Promise<readonly string[]> {
  const looked = await Promise.all(
    receivers.projectsInUse().map(async (projectId) => {
      const stored = await receivers.list(projectId);
      const hasHosts = stored.some(
        ({ content }) => content.kind === 'usable' && content.receiver.driver === 'scaleHost',
      );
      if (!hasHosts || (await rancher(projectId).findHostCreator()) !== undefined) return [];
      return [projectId];
    }),
  );
  return looked.flat();
}
