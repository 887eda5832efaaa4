import { hasCode, ServiceError } from '../domain/errors.ts';
import { forwardedServiceOf, forwardTarget } from '../domain/target.ts';
import type { Rancher } from '../rancher/rancher.ts';
import type { Asked, ConvergeContext, Driver, Progress, Round, TriggerBody } from './driver.ts';
import { Config, resourceFields } from './forward-post/config.ts';
import { dial } from './forward-post/dial.ts';
import { findInstances, type Whereabouts } from './forward-post/instances.ts';
import { packBody, unpackBody, type BodySealing } from './forward-post/kept-body.ts';

/** What forwarding needs of the installation. */
export interface ForwardPostOptions {
  readonly sealing: BodySealing;
  /**
   * Whether a container at this address may be called; asked for each address of each call. Throws RANCHER_UNAVAILABLE,
   * `applied: no`, while that cannot be told: the call is tried again.
   */
  readonly mayDial: (address: string) => Promise<boolean>;
}

// Not serialised: the bodies stay in the execution and are never copied into a change.
const kept = Symbol('kept body');

interface Change {
  readonly itemId: string;
  readonly serviceName: string;
  readonly port: string;
  readonly path: string;
  readonly addresses: readonly string[];
  readonly [kept]?: string;
}

// A service without a running container is looked at again so often.
const againAfterMs = 2_000;

/**
 * Hands what a trigger brought to a container of the same environment, at least once; a superset of the old service's driver of
 * this name. Without options it is not available: in the old service's place, beside the Rancher server, there is no way to the
 * containers but Rancher's own proxy, which would need Rancher's credentials.
 */
export function createForwardPost(options?: ForwardPostOptions): Driver<Config, Whereabouts, Change> {
  const requireOptions = (): ForwardPostOptions => {
    if (options !== undefined) return options;
    throw new ServiceError(
      'FORWARD_NOT_AVAILABLE',
      "forwardPost cannot be used in the old service's place: containers cannot be reached from there; run this service as a service of the environment",
    );
  };

  return {
    id: 'forwardPost',
    Config,
    resourceFields,
    needs: 'body',
    provenance: 'any',
    keepBody: (body) => packBody(body, requireOptions().sealing),

    async check(config, rancher) {
      requireOptions();
      requireOwnProject(config, rancher);
      const found = await findInstances(config.serviceName, rancher, {});
      if (found.kind === 'absent') throw found.error;
    },

    /** A member can call a container of his environment by hand; to be allowed to store receivers is enough. */
    isAllowed: async () => true,

    async targets(config, _signal, rancher) {
      requireOptions();
      requireOwnProject(config, rancher);
      return [forwardTarget(rancher.projectId, config.serviceName)];
    },

    read: (target, rancher, callOptions) => findInstances(forwardedServiceOf(target), rancher, callOptions),

    plan: planForward,

    async converge(change, context) {
      // After a crash or a lost answer the body is not in hand, but it is still in the execution: the round is decided again.
      const keptBody = change[kept];
      if (keptBody === undefined)
        return { kind: 'stale', reason: 'it is not known to have arrived', applied: 'unknown' };
      const needed = requireOptions();
      let body: TriggerBody;
      try {
        body = unpackBody(keptBody, needed.sealing);
      } catch (error) {
        if (!hasCode(error)) throw error;
        return { kind: 'failed', code: error.code, applied: 'no', message: `the kept body is lost: ${error.message}` };
      }
      return forward(change, body, { ...context, ...needed });
    },

    isSettled: async () => true,
  };
}

/** As it is listed and documented; `createDrivers` makes the one that works. */
export const forwardPost = createForwardPost();

/** One at a time, in order: whoever is called need not sort them. */
function planForward(asked: readonly Asked<Config>[], found: Whereabouts): Round<Change> {
  if (found.kind === 'absent') {
    const { code, message } = found.error;
    return { decisions: asked.map(({ itemId }) => ({ itemId, outcome: 'failed', code, message })) };
  }
  if (found.kind === 'not-running') {
    return { decisions: asked.map(({ itemId }) => ({ itemId, outcome: 'wait', message: found.reason })), againAfterMs };
  }
  const [first, ...others] = asked;
  if (first === undefined) return { decisions: [] };
  const { itemId, config, keptBody } = first;
  const waiting = others.map((ask) => ({
    itemId: ask.itemId,
    outcome: 'wait' as const,
    message: 'waits for its turn',
  }));
  const { serviceName, port, path } = config;
  if (keptBody === undefined) {
    const message = `the body would go to port ${port} of service ${serviceName}`;
    return { decisions: [{ itemId, outcome: 'unchanged', message }, ...waiting] };
  }
  const message = `forwarding to service ${serviceName}`;
  return {
    decisions: [{ itemId, outcome: 'change', message }, ...waiting],
    change: { itemId, serviceName, port, path, addresses: found.addresses, [kept]: keptBody },
  };
}

/**
 * Calls the first container that can be reached. Throws FORWARD_FAILED, `applied: no`, when none can, and what `mayDial` throws:
 * it is tried again.
 */
async function forward(
  change: Change,
  body: TriggerBody,
  { mayDial, write }: ConvergeContext & ForwardPostOptions,
): Promise<Progress> {
  const { serviceName, port, path } = change;
  let failure = new ServiceError(
    'TARGET_UNSUPPORTED',
    `no container of service ${serviceName} has an address that may be called`,
    { applied: 'no' },
  );
  for (const address of change.addresses) {
    if (!(await mayDial(address))) continue;
    try {
      const { beforeSend } = write;
      const status = await dial({ address, port, path, body, ...(beforeSend === undefined ? {} : { beforeSend }) });
      return answered(change, status);
    } catch (error) {
      if (!hasCode(error, 'FORWARD_FAILED')) throw error;
      if (error.details.applied === 'unknown') {
        const message = `${error.message}; service ${serviceName} may have received it`;
        return { kind: 'failed', code: 'FORWARD_FAILED', applied: 'unknown', message };
      }
      failure = error;
    }
  }
  throw failure;
}

/** Any answer is an arrival; what it says decides whether the sender may repeat the call. */
function answered({ itemId, serviceName }: Change, status: number): Progress {
  if (status >= 200 && status < 300) {
    const message = `forwarded to service ${serviceName}, which answered ${String(status)}`;
    return { kind: 'done', results: [{ itemId, outcome: 'scaled', message }] };
  }
  const why = status < 400 ? `${String(status)}, and redirects are not followed` : String(status);
  const message = `service ${serviceName} answered ${why}`;
  return { kind: 'failed', code: 'FORWARD_FAILED', applied: status >= 500 ? 'unknown' : 'no', message };
}

function requireOwnProject({ projectId }: Config, rancher: Rancher): void {
  if (projectId === undefined || projectId === rancher.projectId) return;
  throw new ServiceError(
    'SETTINGS_INVALID',
    `Invalid projectId ${projectId.slice(0, 40)}; what is called here is forwarded within ${rancher.projectId} only`,
    { fieldName: 'forwardPostConfig.projectId' },
  );
}
