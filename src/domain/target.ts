/**
 * One thing that is changed, as the key of its lane: `<project>/service/<id>/scale`, `<project>/service/<id>/upgrade`,
 * `<project>/hosts`. Two triggers that must not be decided apart share a target.
 */
export type Target = string;

/** The target of one service's scale. Ids are Rancher's (`1a5`, `1s7`). */
export function serviceScaleTarget(projectId: string, serviceId: string): Target {
  return `${projectId}/service/${serviceId}/scale`;
}

/** The target of all hosts of an environment: one lane, because groups overlap and names are unique among all. */
export function hostsTarget(projectId: string): Target {
  return `${projectId}/hosts`;
}

/** The target of one service's image. */
export function serviceUpgradeTarget(projectId: string, serviceId: string): Target {
  return `${projectId}/service/${serviceId}/upgrade`;
}

/** The target of what is forwarded to one service, by the name the receiver gives it. */
export function forwardTarget(projectId: string, serviceName: string): Target {
  return `${projectId}/forward/${serviceName}`;
}

/** The service's name in a `forward` target. */
export function forwardedServiceOf(target: Target): string {
  return target.split('/').slice(2).join('/');
}

/** The environment a target belongs to. */
export function projectOf(target: Target): string {
  return target.slice(0, target.indexOf('/'));
}

/** The service a `service` target is about. */
export function serviceIdOf(target: Target): string {
  return target.split('/')[2] ?? '';
}
