import type { ErrorCode } from '../domain/errors.ts';

/** What can be named in a metric: the collections this product uses. Others are `other`, so the label set stays closed. */
const singulars = {
  services: 'service',
  genericobjects: 'genericObject',
  hosts: 'host',
  stacks: 'stack',
  hosttemplates: 'hostTemplate',
  externalhostevents: 'externalHostEvent',
  apikeys: 'apiKey',
  machinedrivers: 'machineDriver',
  projects: 'project',
  schemas: 'schema',
} as const;

type Singular = (typeof singulars)[keyof typeof singulars] | 'other';
type Verb = 'read' | 'list' | 'create' | 'update' | 'remove' | 'act on';

/** The closed set of names under which calls to Rancher are observed. */
export type Operation = `${Verb} ${Singular}` | 'identify' | 'subscribe';

/** `operation('update', 'genericObjects')` is `update genericObject`. */
export function operation(verb: Verb, plural: string): Operation {
  const known: Readonly<Record<string, Singular>> = singulars;
  return `${verb} ${known[plural.toLowerCase()] ?? 'other'}`;
}

/** Told after every HTTP exchange (each page of a list is one) and every attempt to subscribe. */
export type Observe = (call: {
  readonly operation: Operation;
  readonly code: 'ok' | ErrorCode;
  readonly ms: number;
}) => void;
