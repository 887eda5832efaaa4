import { hasCode } from '../../domain/errors.ts';
import { listHeartbeats } from '../../installations/heartbeat.ts';
import type { Rancher } from '../../rancher/rancher.ts';
import { failed, ok, warning, type Finding } from './finding.ts';

// Of the writer's clock and ours: they may differ by a minute before a live one looks dead.
const freshMs = 180_000;

/** How many installations of this service live in an environment, by what they wrote there; reads only. */
export async function examineInstallations(rancher: Pick<Rancher, 'projectId' | 'genericObjects'>): Promise<Finding> {
  const check = `installations in ${rancher.projectId}`;
  try {
    const heartbeats = await listHeartbeats(rancher);
    const live = heartbeats.filter(({ at }) => Math.abs(Date.now() - Date.parse(at)) < freshMs);
    const names = live.map(({ version, host }) => `version ${version} on ${host}`).join('; ');
    if (new Set(live.map(({ installation }) => installation)).size <= 1)
      return ok(check, live.length === 0 ? 'none of this service runs there' : `one of this service: ${names}`);
    const remedy = 'stop all but one: they cannot exclude each other, and their steps get lost';
    return failed(check, `several of this service execute the same receivers: ${names}`, remedy);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return warning(check, `not known: ${error.message}`, 'see the findings above');
  }
}
